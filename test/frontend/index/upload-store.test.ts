// @vitest-environment happy-dom
import { expect, it } from 'vitest'
import { ApiError } from '../../../frontend/src/api/client.ts'
import type { AcceptedTask } from '../../../frontend/src/api/tasks.ts'
import { MAX_FILES } from '../../../frontend/src/pages/index/ingest-values.ts'
import { UploadStore } from '../../../frontend/src/pages/index/upload-store.ts'
import { UPLOAD_LIMITS } from '../../../src/api/receive-upload.ts'

const video = (name: string, bytes = 10) =>
  new File(['x'.repeat(bytes)], name, { lastModified: 1, type: 'video/mp4' })

/** A store whose upload is moved on by hand. */
function open() {
  let resolve: (task: AcceptedTask) => void = () => {}
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<AcceptedTask>((yes, no) => {
    resolve = yes
    reject = no
  })
  let progress: (share: number) => void = () => {}
  const store = new UploadStore((_files, onProgress, signal) => {
    progress = onProgress
    signal.addEventListener('abort', () => reject(new DOMException('stopped', 'AbortError')))
    return promise
  })
  return { store, resolve, reject, progress: (share: number) => progress(share) }
}

it('takes as many as the server does and says so before anything is sent', () => {
  expect(MAX_FILES).toBe(UPLOAD_LIMITS.files)
  const { store } = open()
  const many = Array.from({ length: MAX_FILES + 2 }, (_, i) => video(`${i}.mp4`))
  store.add(many, [{ name: 'away.mp4', reason: 'cannot be read' }])
  expect(store.get().files).toHaveLength(1_000)
  expect(store.get().refused).toEqual([
    {
      name: '2 more videos',
      reason: 'one upload takes at most 1,000 files; add the rest when these are sent',
    },
    { name: 'away.mp4', reason: 'cannot be read' },
  ])
})

it('keeps videos once and names what it leaves out', () => {
  const { store } = open()
  store.add([video('a.mp4'), new File(['x'], 'a.txt')])
  store.add([video('a.mp4'), video('b.mp4')])
  expect(store.get().files.map(({ name }) => name)).toEqual(['a.mp4', 'b.mp4'])
  expect(store.get().refused).toEqual([])
  store.add([new File(['x'], 'a.txt')])
  expect(store.get().refused).toEqual([{ name: 'a.txt', reason: 'not a video (.txt)' }])
})

it('counts the bytes that are sent, changes nothing meanwhile, and is empty afterwards', async () => {
  const { store, resolve, progress } = open()
  store.add([video('a.mp4', 30), video('b.mp4', 10)])
  const started = store.start()
  progress(0.5)
  expect(store.get().sentBytes).toBe(20)
  store.add([video('late.mp4')])
  expect(await store.start()).toBeNull()
  expect(store.get().files).toHaveLength(2)
  resolve({ id: 't' } as AcceptedTask)
  expect(await started).toMatchObject({ id: 't' })
  expect(store.get()).toEqual({ files: [], refused: [], sentBytes: null, error: null })
})

it('keeps the files when it is stopped or refused', async () => {
  const stopped = open()
  stopped.store.add([video('a.mp4')])
  const first = stopped.store.start()
  stopped.store.stop()
  expect(await first).toBeNull()
  expect(stopped.store.get()).toMatchObject({ files: [{ name: 'a.mp4' }], error: null })

  const refused = open()
  refused.store.add([video('a.mp4')])
  const second = refused.store.start()
  refused.reject(new ApiError(413, 'too-large', 'A file is too large.'))
  expect(await second).toBeNull()
  expect(refused.store.get()).toMatchObject({
    files: [{ name: 'a.mp4' }],
    sentBytes: null,
    error: { message: 'A file is too large.' },
  })
})
