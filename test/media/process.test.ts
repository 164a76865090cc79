import { describe, expect, it } from 'vitest'
import { run } from '../../src/media/process.ts'

const node = (code: string, options?: Parameters<typeof run>[2]) =>
  run(process.execPath, ['-e', code], options)

async function isRunning(marker: string): Promise<boolean> {
  const { stdout } = await run('ps', ['-eo', 'args'])
  return stdout.split('\n').some((line) => line.includes(marker))
}

describe('run', () => {
  it('answers with the exit code and both outputs, also when the code is not 0', async () => {
    const result = await node('console.log("out"); console.error("err"); process.exit(3)')
    expect(result).toEqual({ code: 3, stdout: 'out\n', stderr: 'err\n' })
  })

  it('reports a program that a signal ended as 128 + the signal number', async () => {
    expect((await node('process.kill(process.pid, "SIGKILL")')).code).toBe(137)
  })

  it('keeps only the end of a long output', async () => {
    const { stdout } = await node('process.stdout.write("x".repeat(3e6) + "end")', {
      maxOutputBytes: 1000,
    })
    expect(stdout).toHaveLength(1000)
    expect(stdout.endsWith('xend')).toBe(true)
  })

  it('hands on whole lines for \\n, \\r\\n and \\r, and the last one without a line end', async () => {
    const lines: string[] = []
    await run('printf', ['a\\nb\\r\\nc\\rd'], { onStdoutLine: (line) => lines.push(line) })
    expect(lines).toEqual(['a', 'b', 'c', 'd'])
  })

  it('hands on an endless line in pieces', async () => {
    let longest = 0
    await node('process.stdout.write("x".repeat(2e6))', {
      onStdoutLine: (line) => {
        longest = Math.max(longest, line.length)
      },
    })
    expect(longest).toBeGreaterThan(60_000)
    expect(longest).toBeLessThan(300_000)
  })

  it('stops the program and rejects when a line callback throws', async () => {
    const code = 'console.log("first"); setInterval(() => console.log("more"), 20)'
    const onStdoutLine = () => {
      throw new Error('seen enough')
    }
    await expect(node(code, { onStdoutLine })).rejects.toThrow('seen enough')
  })

  it('says which program is missing and how to install it', async () => {
    await expect(run('/nonexistent/ffmpeg', [])).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'program-missing',
      message: expect.stringMatching(/\/nonexistent\/ffmpeg.*apt-get install ffmpeg/),
    })
    await expect(run('/etc', [])).rejects.toMatchObject({ code: 'program-missing' })
  })

  it('tells a missing working folder from a missing program', async () => {
    await expect(run('true', [], { cwd: '/nonexistent' })).rejects.toMatchObject({
      code: 'folder-missing',
    })
  })

  it('gives up after timeoutMs with a transient error', async () => {
    await expect(run('sleep', ['30'], { timeoutMs: 100 })).rejects.toMatchObject({
      name: 'TransientError',
      code: 'timed-out',
    })
  })

  it('does not start when the signal is aborted already', async () => {
    const reason = new Error('too late')
    await expect(run('sleep', ['30'], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('ends the whole group within a second of an abort, even what ignores the first signal', async () => {
    const marker = `sleep 61.${process.pid}`
    const controller = new AbortController()
    const reason = new Error('stop')
    let abortedAt = 0
    const running = run('sh', ['-c', `trap "" TERM; ${marker} & echo up; ${marker}`], {
      signal: controller.signal,
      onStdoutLine: () => {
        abortedAt = performance.now()
        controller.abort(reason)
      },
    })
    await expect(running).rejects.toBe(reason)
    expect(performance.now() - abortedAt).toBeLessThan(1000)
    expect(await isRunning(marker)).toBe(false)
  })

  it('passes variables on, but none that hold secrets', async () => {
    process.env.FORGEINDEX_TOKEN = 'secret-token'
    process.env.MINIO_SECRET_KEY = 'secret-key'
    const { stdout } = await node('console.log(JSON.stringify(process.env))', {
      env: { ADDED: 'yes' },
    }).finally(() => {
      delete process.env.FORGEINDEX_TOKEN
      delete process.env.MINIO_SECRET_KEY
    })
    expect(stdout).not.toContain('secret')
    expect(JSON.parse(stdout)).toMatchObject({ ADDED: 'yes', PATH: process.env.PATH })
  })
})
