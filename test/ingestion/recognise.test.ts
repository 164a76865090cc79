import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  canonicalUrl,
  parseWish,
  platformOfUrl,
  recogniseArgument,
} from '../../src/ingestion/recognise.ts'
import {
  archiveItemOf,
  commonsFileOf,
  fileNameOfUrl,
  nasaIdOf,
  sourceIdOfUrl,
  videoIdOfUrl,
} from '../../src/ingestion/urls.ts'

describe('a sentence', () => {
  it.each([
    ['500 videos of CNC machining', 'CNC machining', 500],
    ['1,000 videos about welding', 'welding', 1000],
    ['20 clips showing a lathe', 'a lathe', 20],
    ['1 video of 3D printing', '3D printing', 1],
    ['  12   Videos  Of   robot arms ', 'robot arms', 12],
    ['videos of assembly lines', 'assembly lines', null],
    ['0 videos of nothing', 'nothing', 0],
    ['CNC machining', 'CNC machining', null],
    ['3D printing', '3D printing', null],
    ['5 axis milling', '5 axis milling', null],
    ['500 videos', '500 videos', null],
    ['500 videos of', '500 videos of', null],
    ['музей of videos', 'музей of videos', null],
  ])('%s → %s, %s', (text, query, maxVideos) => {
    expect(parseWish(text)).toEqual({ query, maxVideos })
  })

  it('of 10,000 characters is read in linear time', () => {
    const started = performance.now()
    expect(parseWish(`9${' videos of'.repeat(1000)} x`).query.length).toBeGreaterThan(9000)
    expect(performance.now() - started).toBeLessThan(200)
  })
})

describe('an argument', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'recognise-'))
    await writeFile(path.join(folder, 'clip one.mp4'), 'x')
    await writeFile(
      path.join(folder, 'list.txt'),
      '\uFEFF# mine\nhttps://example.com/a.mp4\r\n\n  https://youtu.be/dQw4w9WgXcQ \nhttps://example.com/a.mp4\n',
    )
    await writeFile(
      path.join(folder, 'bad.txt'),
      'https://example.com/a.mp4\nfile:///etc/passwd\nhello\n',
    )
    await writeFile(path.join(folder, 'empty.txt'), '# nothing\n')
  })
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  it('that is a folder or a file is a path', async () => {
    expect(await recogniseArgument('.', { cwd: folder })).toMatchObject({
      platform: 'folder',
      path: folder,
      urls: [],
      query: null,
    })
    expect(await recogniseArgument('clip one.mp4', { cwd: folder })).toMatchObject({
      platform: 'folder',
      path: path.join(folder, 'clip one.mp4'),
    })
  })

  it('that is a text file is a list of addresses, each once', async () => {
    expect(await recogniseArgument('list.txt', { cwd: folder })).toEqual({
      platform: 'urls',
      query: null,
      urls: ['https://example.com/a.mp4', 'https://youtu.be/dQw4w9WgXcQ'],
      maxVideos: null,
    })
  })

  it('that is a list with wrong lines names them', async () => {
    await expect(recogniseArgument('bad.txt', { cwd: folder })).rejects.toMatchObject({
      code: 'bad-list',
      faults: [{ path: 'line 2' }, { path: 'line 3', got: 'hello' }],
    })
    await expect(recogniseArgument('empty.txt', { cwd: folder })).rejects.toMatchObject({
      code: 'bad-list',
    })
  })

  it('that looks like a path and is not there is not searched for', async () => {
    for (const text of ['./gone', '/no/such/folder', '../gone', '~/gone', 'gone.mp4', 'urls.txt']) {
      await expect(recogniseArgument(text, { cwd: folder })).rejects.toMatchObject({
        code: 'path-not-found',
      })
    }
  })

  it('that is a URL goes to its platform', async () => {
    const platformFor = async (url: string) =>
      (await recogniseArgument(url, { cwd: folder })).platform
    expect(await platformFor('https://www.youtube.com/watch?v=dQw4w9WgXcQ')).toBe('youtube')
    expect(await platformFor('https://vm.tiktok.com/ZM123/')).toBe('tiktok')
    expect(await platformFor('https://www.instagram.com/reel/Cabc_1-x/')).toBe('instagram')
    expect(await platformFor('https://commons.wikimedia.org/wiki/File:A.webm')).toBe('commons')
    expect(await platformFor('https://example.com/a.mp4')).toBe('urls')
    expect(await platformFor('https://youtube.com.evil.example/watch?v=dQw4w9WgXcQ')).toBe('urls')
  })

  it('with another scheme is refused', async () => {
    for (const url of ['file:///etc/passwd', 'gopher://x/', 'ftp://example.com/a.mp4']) {
      await expect(recogniseArgument(url, { cwd: folder })).rejects.toMatchObject({
        code: 'url-refused',
      })
    }
  })

  it('that is words is a search with its count', async () => {
    expect(await recogniseArgument('500 videos of CNC machining', { cwd: folder })).toEqual({
      platform: 'youtube',
      query: 'CNC machining',
      urls: [],
      maxVideos: 500,
    })
    expect((await recogniseArgument('x'.repeat(10_000), { cwd: folder })).platform).toBe('youtube')
  })

  it('that is blank is refused', async () => {
    await expect(recogniseArgument('  ', { cwd: folder })).rejects.toMatchObject({
      code: 'empty-argument',
    })
  })
})

describe('the one spelling of an address', () => {
  const watch = 'https://www.youtube.com/watch?v=dQw4w9WgXcQ'
  it.each([
    ['https://youtu.be/dQw4w9WgXcQ?si=abc&t=10', watch],
    ['https://m.youtube.com/watch?v=dQw4w9WgXcQ&list=PL1&index=2&feature=share', watch],
    ['https://www.youtube.com/shorts/dQw4w9WgXcQ', watch],
    ['https://www.youtube.com/embed/dQw4w9WgXcQ?autoplay=1', watch],
    ['https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ', watch],
    ['https://music.youtube.com/watch?v=dQw4w9WgXcQ&si=x', watch],
    ['http://youtube.com/v/dQw4w9WgXcQ', watch],
    ['https://www.youtube.com/e/dQw4w9WgXcQ', watch],
    ['https://www.youtube.com/live/dQw4w9WgXcQ?feature=shared', watch],
    ['https://www.youtube.com/watch/dQw4w9WgXcQ', watch],
    ['https://www.youtube.com/?v=dQw4w9WgXcQ', watch],
    [
      'https://www.youtube.com/attribution_link?a=x&u=%2Fwatch%3Fv%3DdQw4w9WgXcQ%26feature%3Dshare',
      watch,
    ],
    [
      'https://instagram.com/reels/Cabc/?utm_source=ig_web&igshid=2',
      'https://www.instagram.com/p/Cabc/',
    ],
    ['https://www.instagram.com/me/tv/Cabc/', 'https://www.instagram.com/p/Cabc/'],
    ['https://instagr.am/p/Cabc', 'https://www.instagram.com/p/Cabc/'],
    ['https://www.instagram.com/p/Cabc/embed/', 'https://www.instagram.com/p/Cabc/'],
    ['https://m.tiktok.com/v/71234567890.html?_r=1', 'https://www.tiktok.com/@_/video/71234567890'],
    ['https://www.tiktok.com/embed/v2/71234567890', 'https://www.tiktok.com/@_/video/71234567890'],
    ['https://www.tiktok.com/player/v1/71234567890', 'https://www.tiktok.com/@_/video/71234567890'],
    ['https://example.com./a.mp4', 'https://example.com/a.mp4'],
    ['http://example.com:80/a.mp4?', 'http://example.com/a.mp4'],
    ['http://example.com:8080/a.mp4', 'http://example.com:8080/a.mp4'],
    ['https://www.youtube.com/playlist?list=PL1&si=x', 'https://www.youtube.com/playlist?list=PL1'],
    ['https://www.instagram.com/reel/Cabc/?igsh=1', 'https://www.instagram.com/p/Cabc/'],
    [
      'https://www.tiktok.com/@me/video/71234567890?is_from_webapp=1',
      'https://www.tiktok.com/@me/video/71234567890',
    ],
    ['HTTPS://Example.COM:443/a.mp4#t=3', 'https://example.com/a.mp4'],
    [
      'https://example.com/v.mp4?utm_source=x&id=7&fbclid=y&gclid=z&utm_medium=w',
      'https://example.com/v.mp4?id=7',
    ],
    ['https://example.com/v.mp4?utm_source=x', 'https://example.com/v.mp4'],
  ])('%s → %s', (from, to) => {
    expect(canonicalUrl(from)).toBe(to)
    expect(canonicalUrl(to)).toBe(to)
  })

  it('keeps the bytes and the order of a signed query', () => {
    const signed = 'https://cdn.example/v.mp4?Policy=a~b%20c+d&Signature=x%2Fy%3D&a=&b'
    expect(canonicalUrl(signed)).toBe(signed)
    expect(canonicalUrl(`${signed}&utm_source=q`)).toBe(signed)
  })

  it('is one source id whatever the order of its parameters', () => {
    const id = sourceIdOfUrl('https://example.com/v.mp4?b=2&a=1')
    expect(sourceIdOfUrl('https://example.com:443/v.mp4?a=1&utm_source=x&b=2#t=5')).toBe(id)
    expect(sourceIdOfUrl('https://example.com/v.mp4?a=2&b=1')).not.toBe(id)
    expect(sourceIdOfUrl('https://example.com/v.mp4')).not.toBe(id)
  })

  it('keeps si and feature where they may choose the content', () => {
    expect(canonicalUrl('https://example.com/p?feature=2&si=1')).toBe(
      'https://example.com/p?feature=2&si=1',
    )
  })
})

const OWN = {
  commonsUrl: 'http://127.0.0.1:9',
  archiveUrl: 'http://127.0.0.1:8',
  nasaUrl: 'http://127.0.0.1:7',
}

describe('what an address names', () => {
  it('finds video ids', () => {
    expect(videoIdOfUrl('https://www.youtube.com/embed/dQw4w9WgXcQ')).toBe('dQw4w9WgXcQ')
    expect(videoIdOfUrl('https://www.youtube.com/@someone/videos')).toBeNull()
    expect(videoIdOfUrl('https://www.tiktok.com/@a.b/video/7123')).toBe('7123')
    expect(videoIdOfUrl('https://www.instagram.com/me/reel/Cab_-1/')).toBe('Cab_-1')
    expect(videoIdOfUrl('https://example.com/watch?v=dQw4w9WgXcQ')).toBeNull()
  })

  it('finds Commons files under each of their addresses', () => {
    const name = 'File:Lathe work (1).webm'
    for (const url of [
      'https://commons.wikimedia.org/wiki/File:Lathe_work_(1).webm',
      'https://commons.m.wikimedia.org/wiki/File:Lathe%20work%20%281%29.webm',
      'https://commons.wikimedia.org/w/index.php?title=File:Lathe_work_(1).webm',
      'https://upload.wikimedia.org/wikipedia/commons/d/d7/Lathe_work_%281%29.webm',
      'https://upload.wikimedia.org/wikipedia/commons/transcoded/d/d7/Lathe_work_(1).webm/Lathe_work_(1).webm.480p.vp9.webm',
    ]) {
      expect(commonsFileOf(url)).toBe(name)
      expect(platformOfUrl(url)).toBe('commons')
    }
    expect(commonsFileOf('https://commons.wikimedia.org/wiki/Category:Lathes')).toBeNull()
    expect(commonsFileOf('https://upload.wikimedia.org/wikipedia/en/d/d7/A.webm')).toBeNull()
    expect(commonsFileOf('http://127.0.0.1:9/wiki/File:A.webm', 'http://127.0.0.1:9')).toBe(
      'File:A.webm',
    )
    expect(platformOfUrl('http://127.0.0.1:9/clip.mp4', OWN)).toBeNull()
  })

  it('finds items of the Internet Archive under each of their addresses', () => {
    const cases: [string, string | null][] = [
      ['https://archive.org/details/Lathe_1954', null],
      ['http://www.archive.org/details/Lathe_1954/part%202.mp4', 'part 2.mp4'],
      ['https://archive.org/download/Lathe_1954/a/b%23.mp4', 'a/b#.mp4'],
      ['https://archive.org/embed/Lathe_1954?start=3', null],
      ['https://ia800100.us.archive.org/7/items/Lathe_1954/x.mp4', 'x.mp4'],
    ]
    for (const [url, file] of cases) {
      expect(archiveItemOf(url)).toEqual({ identifier: 'Lathe_1954', file })
      expect(platformOfUrl(url)).toBe('archive')
    }
    expect(platformOfUrl('https://archive.org/about/')).toBeNull()
    expect(platformOfUrl('https://web.archive.org/details/x')).toBeNull()
    expect(platformOfUrl('http://127.0.0.1:8/details/x', OWN)).toBe('archive')
  })

  it("finds videos of NASA's library under each of their addresses", () => {
    for (const url of [
      'https://images.nasa.gov/details/Launch%20A,%20b',
      'https://images.nasa.gov/details-Launch%20A,%20b.html',
      'https://images-assets.nasa.gov/video/Launch A, b/Launch A, b~orig.mp4',
      'https://images-api.nasa.gov/asset/Launch%20A,%20b',
    ]) {
      expect(nasaIdOf(url)).toBe('Launch A, b')
      expect(platformOfUrl(url)).toBe('nasa')
    }
    expect(platformOfUrl('https://images.nasa.gov/search?q=x')).toBeNull()
    expect(platformOfUrl('https://www.nasa.gov/details/x')).toBeNull()
    expect(platformOfUrl('http://127.0.0.1:7/details/x', OWN)).toBe('nasa')
  })

  it('names a file by its decoded last part', () => {
    expect(fileNameOfUrl('https://e.com/a/clip%20%231.mp4?x=1')).toBe('clip #1.mp4')
    expect(fileNameOfUrl('https://e.com/100%.mp4')).toBe('100%.mp4')
    expect(fileNameOfUrl('https://e.com/')).toBe('e.com')
  })
})
