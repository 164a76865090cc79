import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'
import { dropOwnOrigin } from './own-origin.ts'

const root = import.meta.dirname
/** Where the API is in development; `http://backend:8000` in a container. */
const target = process.env.VITE_API_TARGET ?? 'http://127.0.0.1:8000'
const proxied = ['/api', '/health', '/stats', '/docs', '/openapi.json']

export default defineConfig({
  root,
  plugins: [react(), tailwindcss(), precompress()],
  build: { outDir: 'dist', emptyOutDir: true, target: 'es2022', reportCompressedSize: false },
  server: {
    port: 5173,
    // The API refuses pages of another origin: to it, the pages of this server have none.
    proxy: Object.fromEntries(proxied.map((at) => [at, { target, changeOrigin: true, configure }])),
  },
})

function configure(proxy: { on: (event: 'proxyReq', listener: typeof dropOwnOrigin) => void }) {
  proxy.on('proxyReq', dropOwnOrigin)
}

/** Writes .gz and .br beside each built text file, once, so that no server compresses per request. */
function precompress(): Plugin {
  let dist = ''
  return {
    name: 'precompress',
    apply: 'build',
    configResolved(config) {
      dist = path.resolve(config.root, config.build.outDir)
    },
    closeBundle() {
      for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
        const file = path.join(dist, name)
        if (!/\.(js|css|html|svg|json)$/.test(name) || statSync(file).size < 1024) continue
        const content = readFileSync(file)
        writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }))
        writeFileSync(`${file}.br`, brotliCompressSync(content))
      }
    },
  }
}
