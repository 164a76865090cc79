import { describe, expect, it } from 'vitest'
import { actorInput } from '../../../src/ingestion/discovery/apify-inputs.ts'
import type { ApifyPlatform } from '../../../src/ingestion/discovery/apify-items.ts'
import { wantedBy } from '../../../src/ingestion/discovery/wanted.ts'

describe('the input of an actor', () => {
  const by = (platform: ApifyPlatform, query: string) =>
    actorInput(platform, { wanted: wantedBy(query), urls: [] }, 5)

  it('is a hashtag, a profile or words as the platform takes them', () => {
    expect(by('youtube', '#cnc')).toMatchObject({
      startUrls: [{ url: 'https://www.youtube.com/hashtag/cnc' }],
    })
    expect(by('youtube', '@maker')).toMatchObject({
      startUrls: [{ url: 'https://www.youtube.com/@maker/videos' }],
    })
    expect(by('tiktok', '#cnc')).toMatchObject({ hashtags: ['cnc'], resultsPerPage: 5 })
    expect(by('tiktok', '@maker')).toMatchObject({ profiles: ['maker'], resultsPerPage: 5 })
    expect(by('tiktok', 'c n c')).toMatchObject({
      searchQueries: ['c n c'],
      searchSection: '/video',
    })
    expect(by('instagram', '#cnc')).toEqual({
      directUrls: ['https://www.instagram.com/explore/tags/cnc/'],
      resultsType: 'posts',
      resultsLimit: 5,
    })
    expect(by('instagram', '@maker')).toMatchObject({
      directUrls: ['https://www.instagram.com/maker/'],
    })
    expect(by('instagram', 'cnc mill')).toMatchObject({ search: 'cnc mill', searchType: 'hashtag' })
  })

  it('sorts addresses of TikTok by what they are', () => {
    const urls = ['@a.b', 'tag/cnc', '@a/video/71'].map((at) => `https://www.tiktok.com/${at}`)
    expect(actorInput('tiktok', { wanted: null, urls }, 5)).toEqual({
      profiles: ['a.b'],
      hashtags: ['cnc'],
      postURLs: ['https://www.tiktok.com/@a/video/71'],
      resultsPerPage: 5,
      shouldDownloadVideos: false,
    })
  })
})
