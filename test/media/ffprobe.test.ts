import { copyFile, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { probe } from '../../src/media/ffprobe.ts'
import { H264, makeClip, scratchFolder, tools, turnClockwise } from './clips.ts'

const folder = scratchFolder()
const at = (name: string) => path.join(folder, name)
const written = async (name: string, content: string | Buffer) => {
  await writeFile(at(name), content)
  return at(name)
}

let plain: string
beforeAll(async () => {
  plain = await makeClip(
    at('plain.mp4'),
    `-f lavfi -i testsrc2=s=320x180:r=25:d=2 -f lavfi -i sine=d=2 ${H264} -c:a aac`,
  )
})

describe('probe', () => {
  it('reads length, size, rate and codecs', async () => {
    expect(await probe(tools, plain)).toMatchObject({
      durationSeconds: expect.closeTo(2, 1),
      width: 320,
      height: 180,
      rotation: 0,
      fps: 25,
      videoCodec: 'h264',
      audioCodec: 'aac',
      hasVideo: true,
      hasAudio: true,
      bytes: (await readFile(plain)).length,
      container: 'mov,mp4,m4a,3gp,3g2,mj2',
      videoStream: 0,
      audioStream: 1,
      startSeconds: 0,
      pixelAspect: 1,
    })
  })

  it('gives the upright size of a rotated clip, and the turn that makes it upright', async () => {
    const file = at('turned.mp4')
    await copyFile(plain, file)
    await turnClockwise(file)
    expect(await probe(tools, file)).toMatchObject({ width: 180, height: 320, rotation: 90 })
  })

  it('does not take cover art for pictures', async () => {
    const file = await makeClip(
      at('song.mp4'),
      '-f lavfi -i sine=d=1 -f lavfi -i testsrc2=s=64x64:d=1 -map 0 -map 1 -frames:v 1 -c:a aac -c:v png -disposition:v attached_pic',
    )
    expect(await probe(tools, file)).toMatchObject({
      hasVideo: false,
      width: null,
      height: null,
      fps: null,
      videoCodec: null,
      videoStream: null,
      hasAudio: true,
    })
  })

  it('opens a good video whose sound is in a codec that is not accepted', async () => {
    const file = await makeClip(
      at('dts.mkv'),
      `-f lavfi -i testsrc2=s=64x64:d=1 -f lavfi -i sine=r=48000:d=1 ${H264} -c:a dca -strict -2`,
    )
    expect(await probe(tools, file)).toMatchObject({
      hasVideo: true,
      hasAudio: false,
      audioCodec: 'dts',
      audioStream: null,
    })
  })

  it('finds the length of a live recording, whose header has none, from its packets', async () => {
    const file = await makeClip(
      at('live.webm'),
      '-f lavfi -i testsrc2=s=64x64:r=10:d=3 -c:v libvpx -live 1',
    )
    expect((await probe(tools, file)).durationSeconds).toBeCloseTo(3, 1)
  })

  it('reads non-square pixels', async () => {
    const file = await makeClip(
      at('anamorphic.mp4'),
      `-f lavfi -i testsrc2=s=180x144:d=1 -vf setsar=2 ${H264}`,
    )
    expect((await probe(tools, file)).pixelAspect).toBe(2)
  })

  it('reads the same content once, and every file whose content is not known', async () => {
    const clip = at('known.mp4')
    await copyFile(plain, clip)
    const first = await probe(tools, clip, { content: 'a'.repeat(64) })
    await writeFile(clip, '')
    expect(await probe(tools, clip, { content: 'a'.repeat(64) })).toEqual(first)
    await expect(probe(tools, clip)).rejects.toMatchObject({ code: 'empty-file' })
    await expect(probe(tools, clip, { content: 'b'.repeat(64) })).rejects.toMatchObject({
      code: 'empty-file',
    })
  })

  it('stops when its signal is aborted', async () => {
    await expect(probe(tools, plain, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    })
  })
})

describe('probe refuses', () => {
  const refused = (file: string, code: string, message: RegExp) =>
    expect(probe(tools, file)).rejects.toMatchObject({
      name: 'PermanentError',
      code,
      message: expect.stringMatching(message),
    })

  it('a file that is not there, and a folder', async () => {
    await refused(at('nothing.mp4'), 'file-missing', /nothing\.mp4/)
    await refused(folder, 'not-a-video', /not a file/)
  })

  it('an empty file', async () => {
    await refused(await written('empty.mp4', ''), 'empty-file', /0 bytes/)
  })

  it('text and zeros with the name of a video', async () => {
    await refused(await written('text.mp4', 'this is no video\n'), 'not-a-video', /neither/)
    await refused(await written('zeros.mp4', Buffer.alloc(65536)), 'not-a-video', /neither/)
  })

  it('an HLS playlist and a concat list with the name of a video, though the media exists', async () => {
    const hls = '#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:2,\nplain.mp4\n#EXT-X-ENDLIST\n'
    const concat = 'ffconcat version 1.0\nfile plain.mp4\n'
    await refused(await written('hls.mp4', hls), 'format-not-accepted', /hls.*never playlists/)
    await refused(await written('list.mp4', concat), 'format-not-accepted', /concat/)
  })

  it('a photo with the name of a video', async () => {
    await makeClip(at('photo.jpg'), '-f lavfi -i testsrc2=s=64x64 -frames:v 1')
    await copyFile(at('photo.jpg'), at('photo.mp4'))
    await refused(at('photo.mp4'), 'format-not-accepted', /jpeg/)
  })

  it('a codec that is not on the list, by its name', async () => {
    const file = await makeClip(at('magic.mkv'), '-f lavfi -i testsrc2=s=64x64:d=1 -c:v magicyuv')
    await refused(file, 'codec-not-accepted', /"magicyuv".*H\.264/)
  })

  it('a video cut off before its index', async () => {
    const bytes = await readFile(plain)
    const file = await written('cut.mp4', bytes.subarray(0, bytes.indexOf('moov') - 8))
    await refused(file, 'damaged', /cut off/)
  })

  it('a media file with neither pictures nor sound', async () => {
    const text = await written('a.srt', '1\n00:00:00,000 --> 00:00:01,000\nhello\n')
    const file = await makeClip(at('subtitles.mkv'), `-i ${text}`)
    await refused(file, 'no-streams', /neither pictures nor sound/)
  })

  it('a picture with more than 8192 x 8192 pixels', async () => {
    const file = await makeClip(
      at('huge.mp4'),
      `-f lavfi -i color=s=9000x9000:r=1 -frames:v 1 ${H264}`,
    )
    await refused(file, 'too-many-pixels', /9\d{3}x9\d{3}/)
  })
})
