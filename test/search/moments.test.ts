import { describe, expect, it } from 'vitest'
import { fuse } from '../../src/search/fusion.ts'
import { momentsOf, momentsOfPictures } from '../../src/search/moments.ts'
import type { KeyframeHit } from '../../src/store/search.ts'

function hit(timestamp: number, score: number, shotIndex = 0): KeyframeHit {
  const endTime = timestamp + 1
  return { keyframeId: `k${timestamp}`, videoId: 'v', timestamp, endTime, shotIndex, score }
}

describe('momentsOfPictures', () => {
  it('joins the hits of one shot, from the first to past the last, and shows the best frame', () => {
    expect(momentsOfPictures([hit(5, 0.3), hit(3, 0.28), hit(4, 0.27)])).toEqual([
      { startTime: 3, endTime: 6, score: 0.3, keyframeId: 'k5', reason: 'picture' },
    ])
  })

  it('ends a moment at a cut, and where the shot does not answer for more than 10 seconds', () => {
    const moments = momentsOfPictures([
      hit(0, 0.3),
      hit(1, 0.29, 1),
      hit(11, 0.28, 1),
      hit(23, 0.27, 1),
    ])
    expect(moments.map(({ startTime, endTime }) => [startTime, endTime])).toEqual([
      [0, 1],
      [1, 12],
      [23, 24],
    ])
  })

  it("leaves out frames far below the video's best, however small that is", () => {
    expect(momentsOfPictures([hit(0, 0.06), hit(30, 0.05), hit(60, 0.055)])).toHaveLength(2)
    expect(momentsOfPictures([hit(0, 0), hit(30, 0)])).toHaveLength(2)
    expect(momentsOfPictures([])).toEqual([])
  })

  it('ends at its frame when the end of the video is not known', () => {
    expect(momentsOfPictures([{ ...hit(7, 0.2), endTime: null }])).toMatchObject([
      { startTime: 7, endTime: 7 },
    ])
  })
})

describe('momentsOf', () => {
  const video = { duration: 40, firstKeyframeId: 'first' }

  it('gives speech and pictures by turns, five at most, speech with the frame shown meanwhile', () => {
    const speech = [0, 10, 20, 30].map((startTime) => ({
      videoId: 'v',
      startTime,
      endTime: startTime + 2,
      text: ' the chuck ',
      share: 1,
    }))
    const hits = [hit(11, 0.3, 0), hit(25, 0.29, 1), hit(37, 0.28, 2)]
    const moments = momentsOf({ ...video, hits, speech, document: undefined })
    expect(moments.map((moment) => [moment.reason, moment.startTime])).toEqual([
      ['speech', 0],
      ['picture', 11],
      ['speech', 10],
      ['picture', 25],
      ['speech', 20],
    ])
    expect(moments[0]).toMatchObject({ keyframeId: 'first', text: 'the chuck', score: 1 })
    expect(moments[2]).toMatchObject({ keyframeId: 'k11' })
  })

  it('gives the whole video when only its title, tags or description answer', () => {
    const document = { videoId: 'v', share: 0.5, matchedIn: ['tags', 'description'] as const }
    expect(
      momentsOf({
        ...video,
        hits: [],
        speech: [],
        document: { ...document, matchedIn: [...document.matchedIn] },
      }),
    ).toEqual([{ startTime: 0, endTime: 40, score: 0.5, keyframeId: 'first', reason: 'tags' }])
  })
})

describe('fuse', () => {
  const full = (ids: string) => ({ entries: [...ids].map((id) => ({ id, weight: 1 })) })

  it('gives 1 to the first of every list and less to each one after', () => {
    const fused = fuse([full('abc'), full('acb')])
    expect(fused[0]).toEqual({ id: 'a', score: 1 })
    expect(fused.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
    expect(fused[1]!.score).toBeLessThan(1)
  })

  it('counts an empty list as not asked', () => {
    expect(fuse([full('ab'), full('')])[0]).toEqual({ id: 'a', score: 1 })
    expect(fuse([full(''), full('')])).toEqual([])
  })

  it('puts one in both lists before the first of only one', () => {
    expect(fuse([full('abc'), full('dec')]).map(({ id }) => id)[0]).toBe('c')
  })

  it('counts an entry that answers half for half', () => {
    const half = { entries: [{ id: 'w', weight: 0.5 }] }
    expect(fuse([full('abc'), half]).map(({ id }) => id)).toEqual(['a', 'b', 'c', 'w'])
  })

  it('keeps equal ones in the order of the earlier list', () => {
    expect(fuse([full('xy'), full('zy')]).map(({ id }) => id)).toEqual(['y', 'x', 'z'])
  })
})
