import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type App, buildApp } from '../../src/api/app.ts'
import type { Services } from '../../src/services.ts'
import { type OwnLibrary, openOwnLibrary } from '../support/own-library.ts'

const TOKEN = 'correct horse battery'
const INDEX = '<!doctype html><title>pages</title>'
const SCRIPT = 'console.info("pages")'

let library: OwnLibrary
let services: Services
let app: App

beforeAll(async () => {
  library = await openOwnLibrary({ FORGEINDEX_TOKEN: TOKEN }, { work: false })
  const pages = path.join(library.folder, 'pages')
  await mkdir(path.join(pages, 'assets'), { recursive: true })
  await writeFile(path.join(pages, 'index.html'), INDEX)
  await writeFile(path.join(pages, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
  await writeFile(path.join(pages, 'assets/main-4f2a.js'), SCRIPT)
  await writeFile(path.join(pages, 'assets/main-4f2a.js.gz'), gzipSync(SCRIPT))
  const s3 = {
    endpoint: 'http://minio:9000',
    accessKey: 'a',
    secretKey: 'b',
    bucket: 'videos',
    region: 'us-east-1',
    publicUrl: 'https://media.example:9443/base',
  }
  services = { ...library.services, settings: { ...library.services.settings, s3 } }
  app = await buildApp(services, { localToken: null, loopbackOnly: true, pages })
})
afterAll(async () => {
  await app.close()
  await library[Symbol.asyncDispose]()
})

const html = { host: 'localhost', accept: 'text/html,application/xhtml+xml' }

describe('the pages', () => {
  it.each(['/', '/search?q=lathe', '/videos/1', '/datasets'])(
    '%s is the index, open and never kept',
    async (url) => {
      const answer = await app.inject({ url, headers: html })
      expect(answer.statusCode).toBe(200)
      expect(answer.payload).toBe(INDEX)
      expect(answer.headers['content-type']).toMatch(/^text\/html/)
      expect(answer.headers['cache-control']).toBe('no-cache')
      expect(answer.headers['x-content-type-options']).toBe('nosniff')
      expect(answer.headers['referrer-policy']).toBe('no-referrer')
      expect(answer.headers['content-security-policy']).toBe(
        "default-src 'self'; img-src 'self' data: blob: https://media.example:9443; " +
          "media-src 'self' blob: https://media.example:9443; style-src 'self' 'unsafe-inline'; " +
          "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
      )
    },
  )

  it('send a hashed file compressed, to be kept for a year', async () => {
    const answer = await app.inject({
      url: '/assets/main-4f2a.js',
      headers: { host: 'localhost', 'accept-encoding': 'gzip' },
    })
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['content-encoding']).toBe('gzip')
    expect(answer.rawPayload.equals(gzipSync(SCRIPT))).toBe(true)
    expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable')
    expect(answer.headers['content-type']).toMatch(/javascript/)
    const plain = await app.inject({ url: '/assets/main-4f2a.js', headers: { host: 'localhost' } })
    expect(plain.payload).toBe(SCRIPT)
    const icon = await app.inject({ url: '/icon.svg', headers: { host: 'localhost' } })
    expect(icon.headers['cache-control']).toBe('no-cache')
  })

  it.each(['/assets/gone-1.js', '/../package.json', '/%2e%2e/package.json'])(
    '%s is not found, rather than the index',
    async (url) => {
      const answer = await app.inject({ url, headers: { host: 'localhost', accept: '*/*' } })
      expect(answer.statusCode).toBe(404)
      expect(answer.json()).toMatchObject({ code: 'route-not-found' })
    },
  )

  it('an asset that is gone is not found even for a browser that opens it', async () => {
    const answer = await app.inject({ url: '/assets/gone-1.js', headers: html })
    expect(answer.statusCode).toBe(404)
  })

  it.each([
    '/api/nothing',
    '/api/tasks',
    '/%61pi/tasks',
    '//api/tasks',
    '/stats',
    '/docs',
    '/docs/json',
    '/openapi.json',
    '/api',
  ])('%s is behind the token', async (url) => {
    const answer = await app.inject({ url, headers: html })
    expect(answer.statusCode).toBe(401)
    expect(answer.json()).toMatchObject({ code: 'token-required' })
  })

  it('an unknown call is a problem, not a page', async () => {
    const answer = await app.inject({
      url: '/api/nothing',
      headers: { ...html, authorization: `Bearer ${TOKEN}` },
    })
    expect(answer.statusCode).toBe(404)
    expect(answer.json()).toMatchObject({ code: 'route-not-found' })
  })

  it('that were not built say which command builds them', async () => {
    const bare = await buildApp(services, {
      localToken: null,
      loopbackOnly: true,
      pages: path.join(library.folder, 'nowhere'),
    })
    const answer = await bare.inject({ url: '/', headers: html })
    expect(answer.statusCode).toBe(200)
    expect(answer.payload).toContain('npm run build')
    expect(answer.payload).toContain('href="/docs"')
    expect((await bare.inject({ url: '/search', headers: html })).statusCode).toBe(404)
    await bare.close()
  })
})

describe('a session', () => {
  const session = (cookie = '') =>
    app.inject({ url: '/api/session', headers: { host: 'localhost', cookie } })
  const signIn = (token: string, headers: Record<string, string> = {}) =>
    app.inject({
      method: 'POST',
      url: '/api/session',
      headers: { host: 'localhost', ...headers },
      payload: { token },
    })

  it('begins with the token and stands for it until it is ended', async () => {
    expect((await session()).json()).toEqual({ token_required: true, signed_in: false })
    const begun = await signIn(TOKEN)
    expect(begun.statusCode).toBe(204)
    const [cookie] = begun.cookies
    expect(cookie).toMatchObject({
      name: 'forgeindex_session',
      httpOnly: true,
      sameSite: 'Strict',
      path: '/',
      maxAge: 30 * 24 * 3600,
    })
    expect(cookie?.secure).toBeUndefined()
    expect(cookie?.value).not.toContain(TOKEN)
    const sent = `forgeindex_session=${cookie?.value}`
    expect((await session(sent)).json()).toEqual({ token_required: true, signed_in: true })
    const headers = { host: 'localhost', cookie: sent }
    expect((await app.inject({ url: '/api/tasks', headers })).statusCode).toBe(200)
    // The caller is known, not this machine's own user: no folder of the server's is his.
    const local = await app.inject({
      method: 'POST',
      url: '/api/ingest',
      headers,
      payload: { path: library.folder },
    })
    expect(local.json()).toMatchObject({ code: 'folder-not-allowed' })
    const ended = await app.inject({ method: 'DELETE', url: '/api/session', headers })
    expect(ended.statusCode).toBe(204)
    expect(ended.cookies[0]).toMatchObject({ name: 'forgeindex_session', value: '' })
  })

  it('over https is for https alone', async () => {
    const begun = await signIn(TOKEN, { 'x-forwarded-proto': 'https' })
    expect(begun.cookies[0]?.secure).toBe(true)
  })

  it('is refused to a wrong token, slowly', async () => {
    const since = Date.now()
    const answer = await signIn('correct horse batterz')
    expect(answer.statusCode).toBe(401)
    expect(answer.json()).toMatchObject({ code: 'wrong-token' })
    expect(answer.cookies).toEqual([])
    expect(Date.now() - since).toBeGreaterThanOrEqual(290)
  })

  it('made up, altered or outlived is none', async () => {
    const value = (await signIn(TOKEN)).cookies[0]?.value ?? ''
    const [until, proof] = value.split('.')
    for (const forged of [
      TOKEN,
      `${Number(until) + 1}.${proof}`,
      `${until}.`,
      `${until}.${proof}x`,
      '1.2.3',
      '',
    ]) {
      const answer = await session(`forgeindex_session=${forged}`)
      expect(answer.json(), forged).toMatchObject({ signed_in: false })
    }
  })

  it('is not needed without a token', async () => {
    const { settings } = library.services
    const open = await buildApp(
      { ...library.services, settings: { ...settings, token: null } },
      { localToken: null, loopbackOnly: true },
    )
    const answer = await open.inject({ url: '/api/session', headers: { host: 'localhost' } })
    expect(answer.json()).toEqual({ token_required: false, signed_in: true })
    await open.close()
  })
})
