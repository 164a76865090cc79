import { describe, expect, it } from 'vitest'
import type { Candidate, DiscoveryRequest, Source } from '../../src/ingestion/discovery/source.ts'

export interface SourceUnderTest {
  source: Source
  /** Must find at least two candidates. */
  request: DiscoveryRequest
}

/** What every source promises, run on a source with something real or a stand-in behind it. */
export function testSource(name: string, open: () => SourceUnderTest): void {
  const idle = new AbortController().signal

  async function all({ source, request }: SourceUnderTest, signal = idle): Promise<Candidate[]> {
    const found: Candidate[] = []
    for await (const candidate of source.discover(request, { signal })) {
      found.push(candidate)
      if (found.length > 5000) throw new Error('more candidates than any bound')
    }
    return found
  }

  describe(`the source ${name}`, () => {
    it('yields well-formed candidates, each id once, ranked from 0', async () => {
      const found = await all(open())
      expect(found.length).toBeGreaterThanOrEqual(2)
      expect(new Set(found.map(({ platform, sourceId }) => `${platform} ${sourceId}`)).size).toBe(
        found.length,
      )
      expect(found.map(({ rank }) => rank)).toEqual(found.map((_, i) => i))
      for (const candidate of found) {
        expect(candidate.title).not.toBe('')
        expect(URL.canParse(candidate.url)).toBe(true)
        if (candidate.durationSeconds !== null) expect(candidate.durationSeconds).toBeGreaterThan(0)
        if (candidate.licence !== null) expect(candidate.licenceEvidence).not.toBeNull()
        for (const address of [
          candidate.uploaderUrl,
          candidate.thumbnailUrl,
          candidate.downloadUrl,
        ]) {
          if (address) expect(address).toMatch(/^https?:/)
        }
        if (candidate.publishedAt) {
          expect(new Date(candidate.publishedAt).toISOString()).toBe(candidate.publishedAt)
        }
        if (candidate.reject) {
          expect(candidate.reject.code).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/)
          expect(candidate.reject.message.length).toBeGreaterThan(10)
        }
      }
    })

    it('yields the same ids in the same order when it runs again', async () => {
      const ids = (found: Candidate[]) => found.map(({ sourceId, url }) => [sourceId, url])
      expect(ids(await all(open()))).toEqual(ids(await all(open())))
    })

    it('stops when it is aborted: before it starts, and on the way', async () => {
      const reason = new Error('no more')
      await expect(all(open(), AbortSignal.abort(reason))).rejects.toThrow('no more')
      const stop = new AbortController()
      const { source, request } = open()
      const found: Candidate[] = []
      const going = (async () => {
        for await (const candidate of source.discover(request, { signal: stop.signal })) {
          found.push(candidate)
          stop.abort(reason)
        }
      })()
      await expect(going).rejects.toThrow('no more')
      expect(found).toHaveLength(1)
    })

    it('can be left early', async () => {
      const { source, request } = open()
      for await (const candidate of source.discover(request, { signal: idle })) {
        expect(candidate.rank).toBe(0)
        break
      }
    })
  })
}
