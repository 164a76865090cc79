import type { ModelManifest } from './manifest.ts'
import { clipLaion, clipOpenai, miniVl } from './manifests/clip.ts'
import { BY_HAND, dfineNano, fastestDet, yolov8n, yoloxNano } from './manifests/detectors.ts'
import { owlv2Base } from './manifests/open-vocabulary.ts'
import { sileroVad, whisperBase, whisperSmall, whisperTiny } from './manifests/speech.ts'

/** What a model is used for; each has one setting. */
export type ModelJob = 'clip' | 'detector' | 'speech' | 'open-vocabulary'

/** A model we know by name. */
export interface KnownModel {
  job: ModelJob
  manifest: ModelManifest
  /** Other spellings accepted for it, lower case. */
  aliases: string[]
}

/** Every model known by name, in the order `models list` shows them. */
export const KNOWN_MODELS: readonly KnownModel[] = [
  { job: 'clip', manifest: clipOpenai, aliases: ['vit-b-32'] },
  { job: 'clip', manifest: clipLaion, aliases: ['vit-b-32/laion2b'] },
  { job: 'clip', manifest: miniVl, aliases: [] },
  { job: 'detector', manifest: yolov8n, aliases: ['yolov8n.pt', 'yolov8n.onnx'] },
  { job: 'detector', manifest: yoloxNano, aliases: ['yolox_nano', 'yolox_nano.onnx'] },
  { job: 'detector', manifest: dfineNano, aliases: ['dfine_nano', 'dfine_nano.onnx'] },
  { job: 'detector', manifest: fastestDet, aliases: ['fastestdet.onnx'] },
  ...BY_HAND.map((manifest) => ({
    job: 'detector' as const,
    manifest,
    aliases: aliasesOf(manifest.name),
  })),
  { job: 'open-vocabulary', manifest: owlv2Base, aliases: ['owlv2'] },
  { job: 'speech', manifest: whisperTiny, aliases: ['tiny'] },
  { job: 'speech', manifest: whisperBase, aliases: ['base'] },
  { job: 'speech', manifest: whisperSmall, aliases: ['small'] },
]

/** The voice activity detector that every speech model is used with. */
export const VAD_MODEL = sileroVad

/** The model of that name or alias (letter case does not matter), or null. */
export function knownModel(name: string, job?: ModelJob): KnownModel | null {
  const wanted = name.toLowerCase()
  return (
    KNOWN_MODELS.find(
      (model) =>
        (job === undefined || model.job === job) &&
        (model.manifest.name.toLowerCase() === wanted || model.aliases.includes(wanted)),
    ) ?? null
  )
}

/** The shortest accepted name of each model of a job, for messages. */
export function knownNames(job: ModelJob): string[] {
  return KNOWN_MODELS.filter((model) => model.job === job).map((model) => model.manifest.name)
}

/** As people write file names: `yolov8s.pt`, `yolox_s.onnx`. */
function aliasesOf(name: string): string[] {
  const file = name.replaceAll('-', '_')
  return [`${name}.pt`, file, `${file}.onnx`].filter((alias) => alias !== name)
}
