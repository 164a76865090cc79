import type { RunPlan } from './apify-server.ts'

/** Results in the shapes of the three default actors; number `i` is a video unless said otherwise. */
export function youtubeResult(i: number, more: object = {}): object {
  const id = `api${String(i).padStart(8, '0')}`
  return {
    id,
    title: `Video ${i}`,
    url: `https://www.youtube.com/watch?v=${id}&pp=x`,
    viewCount: 10,
    date: '2024-05-06T07:08:09.000Z',
    duration: '00:01:05',
    thumbnailUrl: `https://i.ytimg.com/vi/${id}/hqdefault.jpg`,
    channelName: 'Maker',
    channelUrl: 'https://www.youtube.com/@maker',
    text: `About ${i}`,
    ...more,
  }
}

export function tiktokResult(i: number, more: object = {}): object {
  const id = `712345678${i}`
  return {
    id,
    text: `Lathe ${i}\n#lathe`,
    createTimeISO: '2024-05-06T07:08:09.000Z',
    webVideoUrl: `https://www.tiktok.com/@maker/video/${id}`,
    isSlideshow: false,
    authorMeta: { id: '1', name: 'maker', nickName: 'The Maker', fans: 5 },
    videoMeta: {
      duration: 31,
      width: 576,
      height: 1024,
      coverUrl: 'https://p16.tiktokcdn.com/c.jpg',
    },
    ...more,
  }
}

export function instagramResult(i: number, more: object = {}): object {
  return {
    id: `30${i}`,
    type: 'Video',
    shortCode: `C${i}x-_`,
    url: `https://www.instagram.com/p/C${i}x-_/`,
    caption: `Lathe ${i}`,
    displayUrl: 'https://scontent.cdninstagram.com/c.jpg',
    videoUrl: `https://scontent.cdninstagram.com/${i}.mp4?oe=1`,
    videoDuration: 12.5,
    timestamp: '2024-05-06T07:08:09.000Z',
    ownerUsername: 'maker',
    ownerFullName: 'The Maker',
    dimensionsWidth: 720,
    dimensionsHeight: 1280,
    ...more,
  }
}

const RESULTS: Record<string, (i: number) => object> = {
  'streamers~youtube-scraper': youtubeResult,
  'clockworks~tiktok-scraper': tiktokResult,
  'apify~instagram-scraper': instagramResult,
}

/** A plan of `count` good results for whichever default actor is asked. */
export function goodRun(actor: string, count: number, more: Partial<RunPlan> = {}): RunPlan {
  const result = RESULTS[actor]
  if (!result) throw new Error(`no results for ${actor}`)
  return { items: Array.from({ length: count }, (_, i) => result(i)), ...more }
}
