import type { CommonsFixture } from './commons-server.ts'

/** Pages of Commons, of every kind that the source tells apart; transcodes are the `small` clip. */
export function commonsFilms(clip: Buffer, small: Buffer): CommonsFixture[] {
  const hd = { width: 1920, height: 1080 }
  const transcode = (key: string, width: number, height: number, type?: string) => ({
    key,
    width,
    height,
    media: small,
    ...(type ? { type } : {}),
  })
  const base = { media: clip, width: 640, height: 360, duration: 12.5 }
  return [
    { ...base, pageid: 900, name: 'Lathe one.webm' },
    {
      ...base,
      ...hd,
      pageid: 100,
      name: 'Lathe two.webm',
      transcodes: [
        transcode('240p.vp9.webm', 426, 240),
        transcode('720p.vp9.webm', 1280, 720),
        transcode('480p.vp9.webm', 854, 480),
        transcode('1080p.vp9.webm', 1920, 1080),
        transcode('144p.mjpeg.mov', 1000, 700, 'video/quicktime'),
        transcode('m3u8', 1280, 720, 'application/vnd.apple.mpegurl'),
      ],
    },
    { ...base, pageid: 300, name: 'Lathe no licence.webm', metadata: { LicenseShortName: null } },
    {
      ...base,
      pageid: 301,
      name: 'Lathe not free.webm',
      metadata: { LicenseShortName: 'Fair use', NonFree: 'true' },
    },
    { ...base, pageid: 302, name: 'Lathe sound.ogg', mediatype: 'AUDIO', mime: 'application/ogg' },
    { ...base, ...hd, pageid: 303, name: 'Lathe only large.webm' },
    {
      ...base,
      pageid: 304,
      name: 'Lathe old.ogv',
      mime: 'application/ogg',
      width: 720,
      height: 1280,
      metadata: { LicenseShortName: 'Public domain', LicenseUrl: null, Artist: null },
    },
    // Enough of them for three pages of the search.
    ...Array.from({ length: 25 }, (_, i) => ({
      ...base,
      pageid: 1000 - i,
      name: `Weld ${i}.webm`,
    })),
  ]
}
