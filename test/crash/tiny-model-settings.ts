import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { tinyPair, tinyYolov8 } from '../models/support/tiny-models.ts'

/** Variables that name tiny models made in `folder`, for clones without weights; no speech. */
export async function tinyModelSettings(folder: string): Promise<Record<string, string>> {
  const manifest = await tinyPair(folder)
  await tinyYolov8(folder)
  await writeFile(path.join(folder, 'pair.json'), JSON.stringify(manifest))
  return {
    CLIP_MODEL: path.join(folder, 'pair.json'),
    YOLO_MODEL: path.join(folder, 'tiny-yolov8.onnx'),
  }
}
