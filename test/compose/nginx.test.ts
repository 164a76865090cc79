import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { expect, it } from 'vitest'

const script = path.join(import.meta.dirname, '../../docker/nginx.sh')
/** Without nginx and its template no name gets further than the checks. */
const start = (bucket: string) =>
  spawnSync('sh', [script], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, FORGEINDEX_TOKEN: 'a-token-of-a-test', MINIO_BUCKET: bucket },
  })

it.each(['videos', 'datasets', 'search', 'assets', 'api', 'docs', 'health', 'stats'])(
  'nginx refuses a bucket named %s',
  (name) => {
    const { status, stderr } = start(name)
    expect(status).toBe(2)
    expect(stderr).toBe(
      `MINIO_BUCKET: expected a name that is no path of the pages or the API, got ${name}; ` +
        'choose another, such as forgeindex\n',
    )
  },
)

it.each(['forgeindex', 'my-videos', ''])('nginx takes the bucket %j', (name) => {
  expect(start(name).stderr).not.toContain('MINIO_BUCKET')
})
