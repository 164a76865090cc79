import { describe, expect, it } from 'vitest'
import { captionsOfYtDlp, rankOffers } from '../../src/ingestion/captions.ts'

const human = (language: string | null) => ({
  url: `https://captions.example/${language}.vtt`,
  language,
  kind: 'human' as const,
  format: 'vtt' as const,
})
const automatic = (language: string) => ({ ...human(language), kind: 'automatic' as const })

describe('rankOffers', () => {
  it('takes those in the spoken language, and none of a translation', () => {
    const offers = [human('en'), human('de-DE')]
    expect(rankOffers({ captions: 'use' }, offers, 'de')).toEqual([human('de-DE')])
    expect(rankOffers({ captions: 'use' }, [human('en')], 'fr')).toEqual([])
  })

  it('takes the only language there is when the spoken one is not known, and none of several', () => {
    expect(rankOffers({ captions: 'use' }, [human('en')], null)).toEqual([human('en')])
    expect(rankOffers({ captions: 'use' }, [human('en'), human('de')], null)).toEqual([])
  })

  it("takes a machine's only when it may, after people's", () => {
    const offers = [automatic('en'), human('en-US')]
    expect(rankOffers({ captions: 'use' }, [automatic('en')], 'en')).toEqual([])
    expect(rankOffers({ captions: 'use-automatic' }, offers, 'en')).toEqual([
      human('en-US'),
      automatic('en'),
    ])
  })

  it('takes none when captions are to be ignored', () => {
    expect(rankOffers({ captions: 'ignore' }, [human('en')], 'en')).toEqual([])
  })
})

describe('captionsOfYtDlp', () => {
  it("tells people's captions from the machine's, and its own language from its translations", () => {
    const file = (name: string) => [
      { ext: 'json3', url: `https://video.example/${name}.json3` },
      { ext: 'vtt', url: `https://video.example/${name}.vtt` },
    ]
    const { offers, spoken } = captionsOfYtDlp({
      language: 'en',
      subtitles: { 'en-GB': file('people'), live_chat: [{ ext: 'json', url: 'https://chat' }] },
      automatic_captions: { en: file('machine'), de: file('translated') },
    })
    expect(spoken).toBe('en')
    expect(offers).toEqual([
      {
        url: 'https://video.example/people.vtt',
        language: 'en-GB',
        kind: 'human',
        format: 'vtt',
      },
      {
        url: 'https://video.example/machine.vtt',
        language: 'en',
        kind: 'automatic',
        format: 'vtt',
      },
    ])
  })

  it('passes over lists of pieces and what it does not know', () => {
    const pieces = [{ ext: 'vtt', url: 'https://v.example/x.m3u8', protocol: 'm3u8_native' }]
    expect(captionsOfYtDlp({ subtitles: { en: pieces, de: 'nonsense' } }).offers).toEqual([])
    expect(captionsOfYtDlp({ subtitles: [] })).toEqual({ offers: [], spoken: null })
  })
})
