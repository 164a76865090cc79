import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Candidate, isCut, readCandidates, thin } from '../../src/media/keyframe-selection.ts'

const frame = (seconds: number, sceneScore = 0): Candidate => ({
  microseconds: Math.round(seconds * 1e6),
  frameIndex: Math.round(seconds * 25),
  sceneScore,
})
const times = (candidates: Candidate[]) => candidates.map((c) => c.microseconds / 1e6)

describe('thin', () => {
  it('drops a grid frame that a cut follows within 0.1 s, even the first frame', () => {
    expect(times(thin([frame(0), frame(0.04, 0.9), frame(5), frame(5.08, 0.5)]))).toEqual([
      0.04, 5.08,
    ])
  })

  it('keeps a grid frame and a cut that are 0.1 s apart', () => {
    expect(times(thin([frame(5), frame(5.1, 0.5)]))).toEqual([5, 5.1])
  })

  it('keeps the first of two cuts within 0.1 s', () => {
    expect(times(thin([frame(5, 0.4), frame(5.04, 0.9), frame(5.12, 0.4)]))).toEqual([5, 5.12])
  })

  it('drops a grid frame right after a cut', () => {
    expect(times(thin([frame(4.96, 0.4), frame(5)]))).toEqual([4.96])
  })

  it('never leaves two within 0.1 s, and never drops a cut that has no cut before it', () => {
    const candidate = fc.tuple(fc.integer({ min: 0, max: 3_000_000 }), fc.constantFrom(0, 0.3, 0.6))
    fc.assert(
      fc.property(fc.array(candidate, { maxLength: 60 }), (raw) => {
        const sorted = [...new Map(raw).entries()].sort(([a], [b]) => a - b)
        const candidates = sorted.map(([microseconds, sceneScore], frameIndex) => ({
          microseconds,
          frameIndex,
          sceneScore,
        }))
        const kept = thin(candidates)
        for (const [i, one] of kept.slice(1).entries()) {
          expect(one.microseconds - (kept[i]?.microseconds ?? 0)).toBeGreaterThanOrEqual(99_990)
        }
        const cuts = candidates.filter(isCut)
        for (const [i, cut] of cuts.entries()) {
          const before = cuts[i - 1]
          if (!before || cut.microseconds - before.microseconds >= 100_000) {
            if (!kept.includes(cut)) {
              // Only a kept cut may have stood in its way.
              const near = kept.filter((k) => Math.abs(k.microseconds - cut.microseconds) < 100_000)
              expect(near.some(isCut)).toBe(true)
            }
          }
        }
      }),
    )
  })
})

describe('readCandidates', () => {
  const times = ['0', '40000', 'NOPTS', '2080000', '2120000']
  const frames = times.flatMap((pts) => [
    `frame:0    pts:${pts} pts_time:0.1`,
    'forgeindex.decoded=1',
  ])
  const candidates = [
    ...['frame:0    pts:0       pts_time:0', 'lavfi.scene_score=0.000000'],
    ...['frame:0    pts:2080000 pts_time:2.08', 'lavfi.scene_score=0.412345'],
  ]

  it.each(['candidates first', 'frames first', 'in turn'])(
    'numbers candidates by decoded frame and survives a restart of the filters: %s',
    (order) => {
      const { log, readFrame, readCandidate } = readCandidates()
      const tell = (lines: string[]) => {
        for (const line of lines) expect(readCandidate(line)).toBe(false)
      }
      if (order === 'candidates first') tell(candidates)
      for (const [at, line] of frames.entries()) {
        readFrame(line)
        if (order === 'in turn' && at === 1) tell(candidates.slice(0, 2))
        if (order === 'in turn' && at === 6) tell(candidates.slice(2))
      }
      if (order === 'frames first') tell(candidates)
      expect(log).toEqual({
        candidates: [
          { microseconds: 0, frameIndex: 0, sceneScore: 0 },
          { microseconds: 2_080_000, frameIndex: 3, sceneScore: 0.412345 },
        ],
        decodedFrames: 5,
        lastMicroseconds: 2_120_000,
        longestGapMicroseconds: 2_040_000,
      })
    },
  )

  it('asks to stop when every frame is a candidate', () => {
    const { readCandidate } = readCandidates()
    let stopAt = 0
    for (let i = 0; i < 400 && !stopAt; i += 1) {
      readCandidate(`frame:0 pts:${i * 10} pts_time:0`)
      if (readCandidate('lavfi.scene_score=0')) stopAt = i
    }
    expect(stopAt).toBe(200)
  })

  it('takes a slow video for no flood, whose log of frames comes late', () => {
    const { readCandidate } = readCandidates()
    for (let i = 0; i < 1_000; i += 1) {
      readCandidate(`frame:0 pts:${i * 1_000_000} pts_time:0`)
      expect(readCandidate('lavfi.scene_score=0')).toBe(false)
    }
  })
})
