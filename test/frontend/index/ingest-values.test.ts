import { expect, it } from 'vitest'
import {
  countInWords,
  parseAddresses,
  whyNotSent,
} from '../../../frontend/src/pages/index/ingest-values.ts'
import { parseWish } from '../../../src/ingestion/recognise.ts'

it('reads the count that the server would read', () => {
  for (const words of [
    '500 videos of CNC machining',
    '1,200 short clips about welding',
    '3D printing',
    '5 axis milling',
    '20 videos',
    'videos of lathes',
    ' 7  videos   on grinding ',
  ]) {
    expect([words, countInWords(words)]).toEqual([words, parseWish(words).maxVideos])
  }
  expect(countInWords('500 videos of CNC machining')).toBe(500)
})

it('takes each address once and names the lines that are none', () => {
  const text = [
    '# from the wiki',
    'https://example.org/a.mp4',
    '',
    '  http://example.org/b ',
    'https://example.org/a.mp4',
    'ftp://example.org/c',
    'https://example.org/with space',
    'welding',
  ].join('\r\n')
  expect(parseAddresses(text)).toEqual({
    urls: ['https://example.org/a.mp4', 'http://example.org/b'],
    wrong: [
      { line: 6, text: 'ftp://example.org/c' },
      { line: 7, text: 'https://example.org/with space' },
      { line: 8, text: 'welding' },
    ],
  })
})

it('leaves out what is no video, and says why', () => {
  const why = (name: string, { type = '', size = 9 } = {}) => whyNotSent({ name, type, size })
  expect(why('a.MP4')).toBeNull()
  expect(why('a.b.mkv')).toBeNull()
  expect(why('camera-17', { type: 'video/mp4' })).toBeNull()
  expect(why('notes.txt', { type: 'text/plain' })).toBe('not a video (.txt)')
  expect(why('.mp4')).toBe('not a video (its name has no ending)')
  expect(why('a.mp4', { size: 0 })).toBe('empty')
})
