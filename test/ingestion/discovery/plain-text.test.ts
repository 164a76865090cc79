import { expect, it } from 'vitest'
import { firstLink, plainText } from '../../../src/ingestion/discovery/plain-text.ts'

it('HTML becomes the text that a reader sees', () => {
  expect(
    plainText(
      '<p>A &amp; B&nbsp;<b>C</b><br>D &#233; &#x41; &unknown; &#99999999;</p><style>x{}</style>' +
        '<span style="display: none">hidden</span><script>alert(1)</script>',
    ),
  ).toBe('A & B C D é A &unknown; &#99999999;')
  expect(plainText('')).toBe('')
})

it('a link is made absolute, and only web links count', () => {
  const base = 'https://commons.wikimedia.org/wiki/File:A'
  expect(firstLink('<a href="//x.org/a?b=1&amp;c=2" title="t">T</a>', base)).toBe(
    'https://x.org/a?b=1&c=2',
  )
  expect(firstLink('<a class="x" href="/wiki/User:T">T</a>', base)).toBe(
    'https://commons.wikimedia.org/wiki/User:T',
  )
  expect(firstLink('<a href="javascript:alert(1)">T</a>', base)).toBeNull()
  expect(firstLink('no link', base)).toBeNull()
})
