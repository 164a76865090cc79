import { mkdir, readdir } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ForgeindexError } from '../../src/errors.ts'
import { extract } from '../../src/media/decode.ts'
import { probe } from '../../src/media/ffprobe.ts'
import { testData } from '../support/test-data.ts'
import { scratchFolder, tools } from './clips.ts'

/** Keyframes, whether there is sound, warnings; or the code of the error. */
type Outcome = { keyframes: number; sound: boolean; warnings?: string[] } | string

const EXPECTED: Record<string, Outcome> = {
  'amx-8k24fps_300ms.mp4': { keyframes: 1, sound: true },
  'amx-invalid-bitstream.webm': 'undecodable',
  'amx-sample_audio_only.mp4': { keyframes: 0, sound: true, warnings: ['no-video'] },
  'amx-sample_edit_list.mp4': { keyframes: 3, sound: true },
  'amx-sample_empty_track.mp4': { keyframes: 1, sound: true },
  'amx-sample_mdat_too_long.mp4': { keyframes: 1, sound: true },
  'amx-sample_missing_stsd.mp4': {
    keyframes: 1,
    sound: false,
    warnings: ['audio-codec-not-accepted'],
  },
  'amx-sample_video_only.mp4': { keyframes: 1, sound: false },
  'amx-sample_vvc.mp4': 'codec-not-accepted',
  'amx-silent-black-10s.mp4': { keyframes: 10, sound: true },
  'audio-only.mp4': { keyframes: 0, sound: true, warnings: ['no-video'] },
  'ocv-cup.mp4': { keyframes: 9, sound: true },
  'ocv-tree.avi': 'codec-not-accepted',
  'one-frame.mp4': { keyframes: 1, sound: false },
  'pxt-bad_video.mp4': 'not-a-video',
  "pxt-filename with spaces and '_half_res.mp4": { keyframes: 13, sound: true },
  'pxt-test_13_frames.mp4': { keyframes: 7, sound: false },
  'static-30s.mp4': { keyframes: 30, sound: false },
  'tc-h265_10bits.mp4': { keyframes: 1, sound: false },
  'tc-nasa_13013_hdr.mp4': { keyframes: 13, sound: false },
  'tc-nasa_13013_rotated.mp4': { keyframes: 1, sound: false },
  'text-renamed.mp4': 'not-a-video',
  'truncated-faststart.mp4': {
    keyframes: 7,
    sound: true,
    warnings: ['damaged', 'shorter-than-declared'],
  },
  'truncated-moov-at-end.mp4': 'damaged',
  'very-short-0.2s.mp4': { keyframes: 1, sound: false },
  'worker-zone-10bit-hevc.mp4': { keyframes: 5, sound: false },
  'worker-zone-rot90.mp4': { keyframes: 5, sound: false },
  'worker-zone-vertical.mp4': { keyframes: 5, sound: false },
  'worker-zone-vfr.mp4': { keyframes: 5, sound: false },
  'zero-bytes.mp4': 'empty-file',
  'zeros-64k.mp4': 'not-a-video',
}

const folder = scratchFolder()
const edge = testData('videos/edge')

describe('edge files', () => {
  it.skipIf(!edge)('videos/edge holds no file without an expectation', async () => {
    expect((await readdir(edge ?? '')).sort()).toEqual(Object.keys(EXPECTED).sort())
  })

  for (const [name, expected] of Object.entries(EXPECTED)) {
    const file = testData(`videos/edge/${name}`)
    const end = typeof expected === 'string' ? `is refused as ${expected}` : 'is taken apart'
    it.skipIf(!file)(`${name} ${end}`, async () => {
      expect(await outcome(file ?? '', name)).toEqual(
        typeof expected === 'string' ? expected : { warnings: [], ...expected },
      )
    })
  }
})

async function outcome(file: string, name: string): Promise<Outcome> {
  const output = path.join(folder, name)
  await mkdir(output)
  try {
    const extraction = await extract(tools, file, await probe(tools, file), output)
    expect(extraction.keyframes.length === 0).toBe(extraction.thumbnail === null)
    return {
      keyframes: extraction.keyframes.length,
      sound: extraction.audio !== null,
      warnings: extraction.warnings,
    }
  } catch (error) {
    if (!(error instanceof ForgeindexError)) throw error
    expect(error.message).toMatch(/^[A-Z].*\.$/)
    return error.code
  }
}
