import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { expect, it } from 'vitest'
import { extract } from '../../src/media/decode.ts'
import { probe } from '../../src/media/ffprobe.ts'
import { H264, makeClip, scratchFolder, tools } from './clips.ts'

const folder = scratchFolder()

it('a video of 75 minutes has a keyframe for each of its frames to the end', async () => {
  // Longer than 2^31 and 2^32 microseconds, where a counter of 32 bits comes round.
  const source = '-f lavfi -i testsrc=size=160x120:rate=1/2:duration=4500'
  const file = await makeClip(path.join(folder, 'long.mp4'), `${source} ${H264} -g 60`)
  const out = path.join(folder, 'out')
  await mkdir(out)
  const { keyframes, durationSeconds, warnings } = await extract(
    tools,
    file,
    await probe(tools, file),
    out,
  )
  expect(keyframes.map((keyframe) => keyframe.timestamp)).toEqual(
    Array.from({ length: 2250 }, (_, i) => i * 2),
  )
  expect(new Set(keyframes.map((keyframe) => keyframe.file)).size).toBe(2250)
  expect(durationSeconds).toBe(4500)
  expect(warnings).toEqual([])
})
