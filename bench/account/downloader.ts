import { writeFile } from 'node:fs/promises'
import path from 'node:path'

/**
 * Makes a program that stands in for yt-dlp's downloads: what it is told to fetch decides by its number
 * what becomes of it, with yt-dlp's own words for each fault. `film.mp4` of the folder is what comes.
 */
export async function makeDownloader(folder: string): Promise<string> {
  const program = path.join(folder, 'yt-dlp')
  const head = `#!/usr/bin/env node\nconst FOLDER = ${JSON.stringify(folder)}\n`
  await writeFile(program, head + SCRIPT, { mode: 0o755 })
  return program
}

/** Sources of the words: yt_dlp/extractor/youtube/_video.py, common.py at 2026.08.19. */
const SCRIPT = String.raw`
const fs = require('node:fs')
const path = require('node:path')
const args = process.argv.slice(2)
if (args.includes('--version')) {
  console.log('2026.08.19')
  process.exit(0)
}
const target = args[args.indexOf('--') + 1]
const fail = (words, json) => {
  if (json) console.log(json)
  console.error('ERROR: [site] x: ' + words)
  process.exit(1)
}
if (args.includes('-J')) fail('Unable to download API page: HTTP Error 403: Forbidden', 'null')
const number = Number(/(\d+)\D*$/.exec(target)[1]) % 100
const once = path.join(FOLDER, 'asked-' + number)
const isFirst = !fs.existsSync(once)
fs.appendFileSync(once, '.')
const words = {
  1: "Private video. Sign in if you've been granted access to this video",
  3: 'The uploader has not made this video available in your country',
  5: 'Sign in to confirm your age. This video may be inappropriate for some users',
  7: 'Video unavailable. This video has been removed by the uploader',
  9: 'This video is DRM protected',
  11: 'Requested format is not available',
  15: 'This video is available to this channel\u2019s members. Join this channel to get access',
}[number % 17]
if (words) fail(words)
// A bot check once: everybody waits, then it goes on.
if (number === 12 && isFirst) fail('Sign in to confirm you\u2019re not a bot. Use --cookies')
if (number === 14) process.exit(0)
if (number === 16) {
  console.log('\u0000\ufffd<html>PROGRESS {')
  process.exit(0)
}
console.log('FOUND {"duration":1,"is_live":false}')
fs.copyFileSync(path.join(FOLDER, 'film.mp4'), 'original.mp4')
const box = Buffer.alloc(16)
box.writeUInt32BE(16, 0)
box.write('free', 4, 'latin1')
box.write(target.slice(-8), 8, 'latin1')
fs.appendFileSync('original.mp4', box)
console.log('DONE ' + JSON.stringify({ filepath: path.resolve('original.mp4'), title: 'Lathe at work' }))
`
