import path from 'node:path'
import { expect, it } from 'vitest'
import { makeClip } from '../support/clip.ts'
import { programLibrary } from '../support/program.ts'
import { startReceiver, verifies } from '../support/webhook-receiver.ts'

it('webhook: a command that works alone tells its end before it goes', async () => {
  await using receiver = await startReceiver()
  await using library = await programLibrary({ FORGEINDEX_WEBHOOK_HOSTS: receiver.hostAndPort })
  const json = async (...args: string[]) => {
    const { code, stdout, stderr } = await library.run(...args, '--json')
    expect(code, stderr).toBe(0)
    // Only adding shows a secret, and nothing is logged of it.
    if (args[1] !== 'add') expect(stdout + stderr).not.toContain('whsec_')
    return JSON.parse(stdout)
  }
  const made = await json('webhook', 'add', receiver.url, '--event', 'task.completed')
  expect(made).toMatchObject({ event_types: ['task.completed'], enabled: true })
  await makeClip(path.join(library.folder, 'clip.mp4'), { seconds: 1 })
  const task = await json('ingest', path.join(library.folder, 'clip.mp4'))
  expect(receiver.received).toHaveLength(1)
  expect(verifies(made.secret, receiver.received[0]!)).toBe(true)
  expect(receiver.received[0]?.body).toMatchObject({
    type: 'task.completed',
    data: { task_id: task.id },
  })
  expect((await json('webhook')).items).toMatchObject([{ id: made.id }])
  expect((await json('webhook', 'deliveries', made.id)).items).toMatchObject([
    { type: 'task.completed', state: 'delivered', attempts: [{ status: 204 }] },
  ])
  const [sent] = (await json('webhook', 'deliveries', made.id)).items
  expect(await json('webhook', 'resend', sent.id)).toMatchObject({
    message_id: sent.message_id,
    state: 'pending',
  })
  expect(await json('webhook', 'test', made.id)).toMatchObject({ state: 'pending' })
  expect(await json('webhook', 'remove', made.id)).toEqual({ id: made.id, removed: true })
  expect((await library.run('webhook', 'test', made.id)).code).toBe(1)
  const wrong = await library.run('webhook', 'add', 'http://169.254.169.254/')
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('is refused') })
}, 300_000)
