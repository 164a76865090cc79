import { describe, expect, it } from 'vitest'
import { parseCaptions } from '../../src/media/captions.ts'

describe('parseCaptions', () => {
  it('reads WebVTT: header, notes, styles, identifiers, settings, marks and entities', () => {
    const file = `\uFEFFWEBVTT - made by hand
Kind: captions

STYLE
::cue { color: red }

NOTE 00:00 is not a time line

intro
00:01.000 --> 00:02.500 align:start position:0%
<v Ann>Fish &amp; chips,</v> <i>twice</i>

01:00:00.250 --> 01:00:02.000
one <00:00:01.500><c>two</c>
three
`
    expect(parseCaptions(file, null)).toEqual([
      { startTime: 1, endTime: 2.5, text: 'Fish & chips, twice' },
      { startTime: 3600.25, endTime: 3602, text: 'one two three' },
    ])
  })

  it('reads SubRip, also with a blank line missing', () => {
    const file =
      '1\r\n00:00:01,000 --> 00:00:02,000\r\n{\\an8}First.\r\n2\r\n00:00:03,5 --> 00:00:04,000\r\nSecond.\r\n'
    expect(parseCaptions(file, null)).toEqual([
      { startTime: 1, endTime: 2, text: 'First.' },
      { startTime: 3.5, endTime: 4, text: 'Second.' },
    ])
  })

  it('says once what a rolling display repeats', () => {
    const file = `WEBVTT

00:00.000 --> 00:02.000
hello there

00:02.000 --> 00:04.000
hello there
how are you

00:04.000 --> 00:06.000
how are you
`
    expect(parseCaptions(file, null).map(({ text }) => text)).toEqual([
      'hello there',
      'how are you',
    ])
  })

  it('leaves out what only describes a sound', () => {
    const file = `WEBVTT

00:00.000 --> 00:02.000
[Music]

00:02.000 --> 00:04.000
(applause)

00:04.000 --> 00:06.000
♪ ♪

00:06.000 --> 00:08.000
[laughs] Well (as they say), yes.
`
    expect(parseCaptions(file, null)).toEqual([
      { startTime: 6, endTime: 8, text: 'Well (as they say), yes.' },
    ])
  })

  it('orders by time, ends with the video and passes over what is damaged', () => {
    const file = `WEBVTT

00:08.000 --> 00:30.000
last

00:05.000 --> 00:04.000
backwards

00:xx.000 --> 00:06.000
no time

00:20.000 --> 00:21.000
beyond the end

00:01.000 --> 00:02.000
first
`
    expect(parseCaptions(file, 10)).toEqual([
      { startTime: 1, endTime: 2, text: 'first' },
      { startTime: 8, endTime: 10, text: 'last' },
    ])
  })

  it.each(['', 'WEBVTT', '<html>not found</html>', '\0'.repeat(1000), '-->\n'.repeat(1000)])(
    'finds nothing in %j',
    (file) => {
      expect(parseCaptions(file, null)).toEqual([])
    },
  )

  it('stays bounded on a hostile file', () => {
    const block = '00:00:01.000 --> 00:00:02.000\nx\n\n00:00:03.000 --> 00:00:04.000\ny\n\n'
    expect(parseCaptions(block.repeat(60_000), null)).toHaveLength(50_000)
    const long = `00:00.000 --> 00:01.000\n${'<'.repeat(500_000)}a${'['.repeat(500_000)}\n`
    expect(parseCaptions(long, null).length).toBeLessThanOrEqual(1)
  })
})
