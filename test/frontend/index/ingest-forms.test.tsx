// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { afterEach, expect, it, vi } from 'vitest'
import { AddressForm } from '../../../frontend/src/pages/index/address-form.tsx'
import { WordsForm } from '../../../frontend/src/pages/index/words-form.tsx'

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

/** Shows a form whose requests are answered with `answer`; gives the bodies that were sent. */
function show(form: React.ReactNode, answer: { status: number; body: unknown }) {
  const sent: unknown[] = []
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    if (path !== '/api/ingest') return Response.json({ items: [] })
    sent.push(JSON.parse(String(init.body)))
    return Response.json(answer.body, { status: answer.status })
  })
  render(<QueryClientProvider client={new QueryClient()}>{form}</QueryClientProvider>)
  return sent
}

const field = <T extends HTMLElement = HTMLInputElement>(name: string) =>
  screen.getByLabelText<T>(name)
const write = (name: string, value: string) => fireEvent.change(field(name), { target: { value } })
const start = () => fireEvent.click(screen.getByRole('button', { name: 'Start' }))
const accepted = { status: 202, body: { id: 't', query: 'MIG welding', urls: [] } }

it('reads the count off the words until someone writes one', async () => {
  const sent = show(<WordsForm onWay={() => {}} />, accepted)
  expect(field('How many').value).toBe('20')
  write('What to look for', '200 videos of MIG welding')
  expect(field('How many').value).toBe('200')
  write('How many', '7')
  write('What to look for', '300 videos of MIG welding')
  expect(field('How many').value).toBe('7')
  start()
  await waitFor(() => expect(sent).toHaveLength(1))
  expect(sent).toEqual([{ query: '300 videos of MIG welding', platform: 'youtube', max_videos: 7 }])
  await waitFor(() => expect(field('What to look for').value).toBe(''))
  expect(field('How many').value).toBe('20')
})

it('shows what the server refuses beside its field, and keeps what was written', async () => {
  show(<WordsForm onWay={() => {}} />, {
    status: 400,
    body: {
      code: 'invalid-input',
      detail: 'max_videos: expected at most 10000, got 20000',
      errors: [{ path: 'max_videos', expected: 'at most 10000', got: '20000' }],
    },
  })
  write('What to look for', 'welding')
  write('How many', '200')
  start()
  await screen.findByText('Expected at most 10000, got 20000.')
  expect(field('How many').getAttribute('aria-invalid')).toBe('true')
  expect(field('What to look for').value).toBe('welding')
})

it('estimates with the rules given and starts nothing', async () => {
  const sent = show(<WordsForm onWay={() => {}} />, {
    status: 200,
    body: {
      ...{ dry_run: true, candidates: 7, sampled: 9, hours: 0.5, bytes: 3_000_000 },
      ...{ seconds_estimated: 90, seconds_measured: true, apify_cost_usd: 0.12 },
      ...{ by_platform: { archive: 7 }, licences: { 'CC-BY-4.0': 7 }, rejected: { 'too-long': 2 } },
      samples: [{ title: 'A weld', url: 'https://a.example/1', platform: 'archive', seconds: 61 }],
      notes: [],
    },
  })
  write('What to look for', 'welding')
  fireEvent.change(field<HTMLSelectElement>('Platform'), { target: { value: 'archive' } })
  write('Least relevance', '0.3')
  write('Most gigabytes', '2.5')
  fireEvent.click(screen.getByRole('button', { name: 'Estimate' }))
  const box = await screen.findByRole('region', { name: 'Estimate' })
  expect(sent).toEqual([
    {
      ...{ query: 'welding', platform: 'archive', max_videos: 20, dry_run: true },
      ...{ min_relevance: 0.3, max_bytes: 2_500_000_000 },
    },
  ])
  expect(box.textContent).toContain('Videos7')
  expect(box.textContent).toContain('At Apify$0.12')
  expect(box.textContent).toContain('Not taken: longer than allowed 2.')
  expect(box.textContent).toContain('A weld')
  expect(field('What to look for').value).toBe('welding')
})

it('leads from a platform without a search to its addresses', () => {
  const ways: string[] = []
  show(<WordsForm onWay={(way) => ways.push(way)} />, accepted)
  expect(screen.queryByRole('button', { name: 'give addresses of its videos' })).toBeNull()
  fireEvent.change(field<HTMLSelectElement>('Platform'), { target: { value: 'tiktok' } })
  fireEvent.click(screen.getByRole('button', { name: 'give addresses of its videos' }))
  expect(ways).toEqual(['addresses'])
})

it('sends no list of addresses with a wrong line in it', async () => {
  const sent = show(<AddressForm />, accepted)
  const name = 'Addresses, one a line'
  start()
  expect(screen.getByText('Give at least one address.')).toBeDefined()
  write(name, 'https://a.example/1\nhalf a link')
  start()
  expect(screen.getByText('Not an http or https address: line 2: half a link')).toBeDefined()
  expect(sent).toEqual([])
  write(name, 'https://a.example/1\nhttps://a.example/2')
  start()
  await waitFor(() =>
    expect(sent).toEqual([{ urls: ['https://a.example/1', 'https://a.example/2'] }]),
  )
})
