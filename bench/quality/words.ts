import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ModelHost } from '../../src/models/host.ts'
import { makeWav, wordErrors, words } from '../../test/models/speech/speech-files.ts'
import type { Score } from './score.ts'

/** Sounds without a word in them, as ffmpeg makes them, ten seconds each. */
const SPEECHLESS = [
  'anullsrc=r=16000:cl=mono',
  'anoisesrc=c=white:a=0.2:seed=1',
  'anoisesrc=c=pink:a=0.4:seed=1',
  'anoisesrc=c=brown:a=0.6:seed=1',
  'sine=frequency=50',
  'sine=frequency=1000',
]
/** Clips of the shared data in which nobody speaks. */
const SPEECHLESS_CLIPS = ['videos/intel-one-by-one-person-detection.mp4', 'videos/ocv-box.mp4']

/**
 * Words wrong (inserted, left out or other ones) over the recordings with known words, and words
 * invented where nobody speaks.
 *
 * @param data the shared test data's folder
 */
export async function scoreWords(host: ModelHost, data: string): Promise<Score[]> {
  const known = JSON.parse(readFileSync(path.join(data, 'transcripts.json'), 'utf8')) as Record<
    string,
    string
  >
  const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-words-'))
  try {
    let wrong = 0
    let said = 0
    for (const [file, text] of Object.entries(known)) {
      const wav = await makeWav(path.join(folder, 'said.wav'), '-i', path.join(data, file))
      const heard = await host.transcribe(wav)
      wrong += wordErrors(text, heard.text)
      said += words(text).length
    }
    let invented = 0
    const sources = [
      ...SPEECHLESS.map((source) => ['-f', 'lavfi', '-i', source, '-t', '10']),
      ...SPEECHLESS_CLIPS.map((file) => ['-i', path.join(data, file)]),
    ]
    let tried = 0
    for (const source of sources) {
      const wav = await makeWav(path.join(folder, 'none.wav'), ...source).catch(() => null)
      // A clip without a sound stream has nothing to try.
      if (!wav) continue
      tried += 1
      invented += words((await host.transcribe(wav)).text).length
    }
    return [
      { name: 'words wrong', value: wrong, unit: 'errors', of: said, noise: 2, better: 'lower' },
      {
        name: 'words invented in speechless sounds',
        value: invented,
        unit: 'errors',
        of: tried,
        noise: 0,
        better: 'lower',
      },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
