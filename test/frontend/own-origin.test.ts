import { expect, it } from 'vitest'
import { dropOwnOrigin } from '../../frontend/own-origin.ts'

it.each([
  ['http://localhost:5173', 'localhost:5173', true],
  ['http://127.0.0.1:5173', '127.0.0.1:5173', true],
  ['https://evil.example', 'localhost:5173', false],
  ['http://localhost:3000', 'localhost:5173', false],
  ['http://localhost:5173.evil.example', 'localhost:5173', false],
  ['null', 'localhost:5173', false],
  [undefined, 'localhost:5173', false],
])('of the origin %s, asked as %s: dropped is %s', (origin, host, isDropped) => {
  const dropped: string[] = []
  dropOwnOrigin(
    { removeHeader: (name) => dropped.push(name) },
    { headers: { host, ...(origin === undefined ? {} : { origin }) } },
  )
  expect(dropped).toEqual(isDropped ? ['origin'] : [])
})
