import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ingestFolder } from '../flow/answers.ts'
import { FORMS } from '../flow/forms.ts'
import { makeClip } from '../support/clip.ts'
import { type OwnLibrary, openOwnLibrary, type TaskAnswer } from '../support/own-library.ts'

interface ServerEvent {
  id: number
  type: string
  data: { id: number; type: string; time: string; data: Record<string, unknown> }
}

/** An open stream of server-sent events, read as a browser does. */
interface Stream {
  readonly events: ServerEvent[]
  readonly status: number
  readonly headers: Headers
  /** Waits until one of the events fits. */
  until(fits: (event: ServerEvent) => boolean): Promise<ServerEvent>
  close(): Promise<void>
}

async function openStream(url: string, headers: Record<string, string> = {}): Promise<Stream> {
  const stop = new AbortController()
  const answer = await fetch(url, { headers, signal: stop.signal })
  const events: ServerEvent[] = []
  const reading = (async () => {
    let rest = ''
    const decoder = new TextDecoder()
    for await (const chunk of answer.body!) {
      rest += decoder.decode(chunk as Uint8Array, { stream: true })
      const blocks = rest.split('\n\n')
      rest = blocks.pop()!
      for (const block of blocks) {
        const fields = new Map(
          block.split('\n').map((line) => {
            const at = line.indexOf(': ')
            return [line.slice(0, at), line.slice(at + 2)]
          }),
        )
        const data = fields.get('data')
        if (data === undefined) continue
        events.push({
          id: Number(fields.get('id')),
          type: fields.get('event')!,
          data: JSON.parse(data),
        })
      }
    }
  })().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error
  })
  return {
    events,
    status: answer.status,
    headers: answer.headers,
    async until(fits) {
      for (;;) {
        const found = events.find(fits)
        if (found) return found
        await sleep(20)
      }
    },
    async close() {
      stop.abort()
      await reading
    },
  }
}

for (const { form, missing } of FORMS) {
  describe.skipIf(missing)(`events (${form}${missing ? `: skipped, ${missing}` : ''})`, () => {
    let library: OwnLibrary
    let folder: string
    let address: string
    let live: Stream
    let first: TaskAnswer
    let second: TaskAnswer

    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-events-'))
      for (const name of ['one', 'two']) {
        await mkdir(path.join(folder, name))
        const seconds = name === 'one' ? 1 : 2
        await makeClip(path.join(folder, name, `${name}.mp4`), { seconds })
      }
      library = await openOwnLibrary({}, { form })
      address = await library.app.listen({ host: '127.0.0.1', port: 0 })
      live = await openStream(`${address}/api/events`)
      first = await ingestFolder(library, path.join(folder, 'one'))
      second = await ingestFolder(library, path.join(folder, 'two'))
      await live.until(
        ({ type, data }) => type === 'task.completed' && data.data.task_id === second.id,
      )
    })
    afterAll(async () => {
      await live?.close()
      await library?.[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    })

    it('come as server-sent events that nobody keeps', () => {
      expect(live.status).toBe(200)
      expect(live.headers.get('content-type')).toMatch(/^text\/event-stream/)
      expect(live.headers.get('cache-control')).toContain('no-cache')
    })

    it('tell a task and its video from beginning to end, under growing numbers', () => {
      const ids = live.events.map(({ id }) => id)
      expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b))
      const of = (task: TaskAnswer) =>
        live.events.filter(({ data }) => data.data.task_id === task.id).map(({ type }) => type)
      for (const task of [first, second]) {
        expect(of(task)[0]).toBe('task.updated')
        expect(of(task).at(-1)).toBe('task.completed')
      }
      const statuses = live.events
        .filter(({ type }) => type === 'video.updated')
        .map(({ data }) => data.data.status)
      for (const status of ['pending', 'downloading', 'processing', 'labeling', 'completed']) {
        expect(statuses).toContain(status)
      }
    })

    it('carry their number, kind and time in the data too', () => {
      for (const { id, type, data } of live.events) {
        expect(data).toMatchObject({ id, type })
        expect(new Date(data.time).toISOString()).toBe(data.time)
      }
    })

    it('are repeated after the last one that a listener had', async () => {
      const middle = live.events[Math.floor(live.events.length / 2)]!
      const last = live.events.at(-1)!
      const again = await openStream(`${address}/api/events`, {
        'last-event-id': String(middle.id),
      })
      await again.until(({ id }) => id === last.id)
      await again.close()
      expect(again.events).toEqual(live.events.filter(({ id }) => id > middle.id))
      const byQuery = await openStream(`${address}/api/events?last_event_id=0`)
      await byQuery.until(({ id }) => id === last.id)
      await byQuery.close()
      expect(byQuery.events).toEqual(live.events)
    })

    it('are those of one task and its videos when it is named', async () => {
      const stream = await openStream(`${address}/api/events?task_id=${first.id}`, {
        'last-event-id': '0',
      })
      await stream.until(({ type }) => type === 'task.completed')
      await sleep(600)
      await stream.close()
      const tasks = stream.events.flatMap(({ data }) => data.data.task_id ?? [])
      expect(new Set(tasks)).toEqual(new Set([first.id]))
      const videos = stream.events.flatMap(({ data }) => data.data.video_id ?? [])
      expect(new Set(videos).size).toBe(1)
      expect(stream.events.some(({ type }) => type === 'video.updated')).toBe(true)
    })

    it('tell once that an archive was made, however often it is read', async () => {
      const made = await library.ask<{ id: string }>('POST', '/api/dataset', { name: 'All' })
      const read = async () => {
        const answer = await fetch(`${address}/api/dataset/${made.body.id}/export`)
        expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(0)
      }
      await read()
      const start = `/api/dataset/${made.body.id}/exports`
      const { body } = await library.ask<{ id: string }>('POST', start)
      const event = await live.until(({ type }) => type === 'export.completed')
      expect(event.data.data).toMatchObject({ dataset_id: made.body.id, export_id: body.id })
      await read()
      await library.ask('POST', start)
      const later = await ingestFolder(library, path.join(folder, 'one'))
      await live.until(
        ({ type, data }) => type === 'task.completed' && data.data.task_id === later.id,
      )
      expect(live.events.filter(({ type }) => type === 'export.completed')).toHaveLength(1)
    })

    it('of something that is no task are not found', async () => {
      const malformed = await fetch(`${address}/api/events?task_id=nope`)
      expect(malformed.status).toBe(404)
      await malformed.body?.cancel()
    })

    it('that are no longer kept are owned up to', async () => {
      const { pool } = library.services.database
      const { rows } = await pool.query<{ id: number }>('select max(id) as id from events')
      const newest = rows[0]!.id
      await pool.query('delete from events where id < $1', [newest])
      const stream = await openStream(`${address}/api/events?last_event_id=1`)
      const last = await stream.until(({ id }) => id === newest)
      expect(stream.events).toMatchObject([{ type: 'reset', data: { oldest: newest } }, last])
      await stream.close()
      const inTime = await openStream(`${address}/api/events?last_event_id=${newest - 1}`)
      await inTime.until(({ id }) => id === newest)
      expect(inTime.events.map(({ type }) => type)).not.toContain('reset')
      await inTime.close()
    })

    it('end when the server closes, so that it can', async () => {
      const stream = await openStream(`${address}/api/events`)
      const began = Date.now()
      await library.app.close()
      expect(Date.now() - began).toBeLessThan(5_000)
      await expect(fetch(`${address}/health`)).rejects.toThrow()
      await stream.close()
    })
  })
}
