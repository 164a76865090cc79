import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { run } from '../../src/media/process.ts'

/**
 * A Python stack with the same models to compare with (torch, open_clip, ultralytics,
 * openai-whisper), in the folder that FORGEINDEX_PEER_DIR names: `bin/python`, `onnx/` (the random
 * CLIP image tower and YOLOv8n, as ONNX and as .pt), `whisper/base.pt`, `bench/` (the clip), and
 * `pipeline.py` there or in `../shared/peer`.
 */
export interface Baseline {
  clip: string
  /** Settings under which Forgeindex runs the very same networks. */
  variables: Record<string, string>
  python: string
  /** Folder with its networks as .pt and .onnx. */
  networks: string
  /** One run over the clip, all models loaded before it is timed. */
  run(mode: BaselineMode, threads: number): Promise<BaselineRun>
}

/** As the brief says, or as a careful engineer would write the same; see its own `pipeline.py`. */
export type BaselineMode = 'brief' | 'careful'

export interface BaselineRun {
  /** Wall seconds, the sum of its stages. */
  seconds: number
  /** Wall seconds by stage. */
  stages: Record<string, number>
  /** What was said. */
  text: string
  /** Wall seconds from its start to all models loaded. */
  coldStartSeconds: number
  /** Resident memory at its highest, its ffmpeg left out, MiB. */
  peakMemoryMb: number
}

/** The baseline in `peer`, or null when there is none. @throws Error naming what it lacks */
export function openBaseline(
  peer: string | undefined,
  repository: string,
  folder: string,
  modelDirs: string[],
): Baseline | null {
  if (!peer) return null
  const script = [peer, path.join(repository, '../shared/peer')]
    .map((place) => path.join(place, 'pipeline.py'))
    .find((file) => existsSync(file))
  const clip = path.join(peer, 'bench/bench-720p-120s.mp4')
  const parts = [
    'bin/python',
    'onnx/clip_vitb32_visual.onnx',
    'onnx/yolov8n.onnx',
    'whisper/base.pt',
  ]
  const needed = [clip, ...parts.map((part) => path.join(peer, part))]
  const lacking = needed.filter((file) => !existsSync(file))
  if (!script || lacking.length > 0) {
    throw new Error(`FORGEINDEX_PEER_DIR lacks ${[...lacking, ...(script ? [] : ['pipeline.py'])]}`)
  }
  return {
    clip,
    variables: sameNetworks(peer, folder, modelDirs),
    python: path.join(peer, 'bin/python'),
    networks: path.join(peer, 'onnx'),
    async run(mode, threads) {
      const report = path.join(folder, 'baseline.json')
      const { code, stderr } = await run(
        path.join(peer, 'bin/python'),
        [
          ...[script, clip, '--mode', mode, '--threads', String(threads), '--quiet-wait', '0'],
          ...['--models', path.join(peer, 'onnx'), '--whisper', path.join(peer, 'whisper/base.pt')],
          ...['--out', folder, '--json', report],
        ],
        { cwd: path.dirname(script), timeoutMs: 1_800_000 },
      )
      if (code !== 0) throw new Error(`The baseline ended with ${code}: ${stderr}`)
      const said = JSON.parse(readFileSync(report, 'utf8')) as {
        cold: { total: number }
        rss_self: number
        runs: { total: number; stages: Record<string, number>; text: string }[]
      }
      const [first] = said.runs
      return {
        seconds: first!.total,
        stages: first!.stages,
        text: first!.text,
        coldStartSeconds: said.cold.total,
        peakMemoryMb: Math.round(said.rss_self),
      }
    },
  }
}

/**
 * A models folder with the baseline's own networks: its image tower under a manifest of ours (the
 * text side, which no time here depends on, is mini-vl's), its YOLOv8n; Whisper base as installed.
 */
function sameNetworks(peer: string, folder: string, modelDirs: string[]): Record<string, string> {
  const models = path.join(folder, 'models')
  rmSync(models, { recursive: true, force: true })
  mkdirSync(path.join(models, 'baseline-clip'), { recursive: true })
  const link = (target: string, name: string) => symlinkSync(target, path.join(models, name))
  const installed = (name: string) => {
    const found = modelDirs.map((dir) => path.join(dir, name)).find((file) => existsSync(file))
    if (!found) throw new Error(`The comparison needs ${name} in FORGEINDEX_MODELS_DIR.`)
    return found
  }
  link(path.join(peer, 'onnx/clip_vitb32_visual.onnx'), 'baseline-clip/image.onnx')
  link(installed('mini-vl/text.onnx'), 'baseline-clip/text.onnx')
  link(installed('mini-vl/tokenizer.json'), 'baseline-clip/tokenizer.json')
  link(path.join(peer, 'onnx/yolov8n.onnx'), 'yolov8n.onnx')
  link(installed('whisper-base'), 'whisper-base')
  link(installed('silero-vad'), 'silero-vad')
  const file = (role: string, name: string) => ({ role, path: `baseline-clip/${name}` })
  const manifest = {
    name: 'baseline-clip',
    kind: 'image-text-embedding',
    revision: 'random-weights',
    licence: 'none (random weights)',
    dims: 512,
    files: [
      file('image', 'image.onnx'),
      file('text', 'text.onnx'),
      file('tokenizer', 'tokenizer.json'),
    ],
    image: {
      input: 'pixels',
      output: 'embedding',
      size: 224,
      mean: [0.48145466, 0.4578275, 0.40821073],
      std: [0.26862954, 0.26130258, 0.27577711],
    },
    text: {
      ids: 'input_ids',
      mask: 'attention_mask',
      output: 'text_embeds',
      maxTokens: 128,
      padId: 0,
    },
  }
  writeFileSync(path.join(models, 'baseline-clip/model.json'), JSON.stringify(manifest))
  return {
    FORGEINDEX_MODELS_DIR: models,
    CLIP_MODEL: 'baseline-clip',
    YOLO_MODEL: 'yolov8n',
    WHISPER_MODEL: 'base',
  }
}
