import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'

/**
 * A program that answers as yt-dlp does for `ytsearchN:` and for youtube addresses, which cannot be
 * reached from a test: the fields of `-J --flat-playlist` entries, `null` for an entry that could
 * not be read, exit code 1 with `ERROR:` lines; one full entry for the address of one video. What
 * can be run for real against a local server is (see yt-dlp.test.ts).
 */
export interface YtDlpStandIn {
  /** For `FORGEINDEX_YT_DLP`. */
  program: string
  /** The arguments of each run so far, `--version` left out. */
  calls(): Promise<string[][]>
}

const SCRIPT = String.raw`
const { appendFileSync } = require('node:fs')
const args = process.argv.slice(2)
if (args.includes('--version')) {
  console.log(VERSION)
  process.exit(0)
}
appendFileSync(LOG, JSON.stringify(args) + '\n')
const target = args[args.indexOf('--') + 1]
const fail = (line, json) => {
  console.log(JSON.stringify(json ?? null))
  console.error(line)
  process.exit(1)
}
const entry = (i, more) => {
  const id = 'vid' + String(i).padStart(8, '0')
  return {
    _type: 'url', ie_key: 'Youtube', id, url: 'https://www.youtube.com/watch?v=' + id,
    title: 'Video ' + i, description: 'About ' + i, duration: 60 + i, channel: 'Channel',
    channel_id: 'UC1', channel_url: 'https://www.youtube.com/channel/UC1', uploader: 'Channel',
    uploader_url: 'https://www.youtube.com/@channel',
    thumbnails: [{ url: 'https://i.ytimg.com/vi/' + id + '/hq720.jpg', height: 404, width: 720 }],
    view_count: 1000 - i, live_status: null, availability: null, channel_is_verified: null, ...more,
  }
}
const search = /^ytsearch(\d+):(.*)$/.exec(target)
if (search) {
  const words = search[2]
  if (words.includes('unreachable')) {
    fail('ERROR: [youtube:search] ' + words + ': Unable to download API page: [Errno 111] Connection refused', { _type: 'playlist', entries: [null] })
  }
  const total = Math.min(Number(search[1]), Number(/has (\d+)/.exec(words)?.[1] ?? 1000))
  const entries = []
  for (let i = 0; i < total; i++) {
    if (i === 2) entries.push(entry(i, { live_status: 'is_live', duration: null, concurrent_view_count: 5 }))
    else if (i === 3) entries.push(null)
    else if (i === 4) entries.push(entry(1))
    else if (i === 5) entries.push({ _type: 'url', ie_key: 'YoutubeTab', id: 'PL1', url: 'https://www.youtube.com/playlist?list=PL1', title: 'A list' })
    else entries.push(entry(i))
  }
  console.log(JSON.stringify({ _type: 'playlist', id: words, title: words, entries }))
} else if (target.includes('v=privateprvt')) {
  fail("ERROR: [youtube] privateprvt: Private video. Sign in if you've been granted access to this video. Use --cookies")
} else if (target.includes('v=botcheck___')) {
  fail('ERROR: [youtube] botcheck___: Sign in to confirm you’re not a bot. Use --cookies-from-browser')
} else if (target.includes('v=unreachable')) {
  fail('ERROR: [youtube] unreachable: Unable to download API page: timed out')
} else if (target.includes('/@someone')) {
  const tab = (name, from) => ({ _type: 'playlist', id: name, title: name, webpage_url: target + '/' + name, entries: [entry(from), entry(from + 1)] })
  console.log(JSON.stringify({ _type: 'playlist', id: 'UC1', webpage_url: target, entries: [tab('videos', 10), tab('shorts', 20)] }))
} else {
  const id = /(?:v=|\/video\/|\/p\/)([\w-]+)/.exec(target)[1]
  const page = target
  console.log(JSON.stringify({
    id, title: 'One video', description: 'Long text', duration: 61.5, width: 1280, height: 720,
    uploader: 'Maker', uploader_url: 'https://www.youtube.com/@maker', timestamp: 1700000000,
    license: 'Creative Commons Attribution license (reuse allowed)',
    webpage_url: page, thumbnail: 'https://i.ytimg.com/vi/' + id + '/maxresdefault.jpg',
    live_status: 'not_live', availability: 'public', extractor_key: 'Youtube', filesize_approx: 1234567.8,
  }))
}
`

export async function makeYtDlpStandIn(
  folder: string,
  version = '2026.08.19',
): Promise<YtDlpStandIn> {
  const log = path.join(folder, `yt-dlp-calls-${version}.jsonl`)
  const program = path.join(folder, `yt-dlp-${version}`)
  const head = `#!/usr/bin/env node\nconst LOG = ${JSON.stringify(log)}\nconst VERSION = '${version}'\n`
  await writeFile(program, head + SCRIPT, { mode: 0o755 })
  await writeFile(log, '')
  return {
    program,
    async calls() {
      const lines = (await readFile(log, 'utf8')).split('\n').filter(Boolean)
      return lines.map((line) => JSON.parse(line) as string[])
    },
  }
}
