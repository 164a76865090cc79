import { ForgeindexError } from '../errors.ts'
import { run } from './process.ts'

/** The programs for media work; `Settings` fits. */
export interface MediaTools {
  /** Program name or path. */
  ffmpeg: string
  ffprobe: string
  /** CPU threads for decoding, 1 or more. */
  threads: number
}

/** What `checkFfmpeg` found. */
export interface FfmpegCheck {
  /** As the program names itself, for example `5.1.9-0+deb12u1` or `n7.1`; empty when there is none. */
  version: string
  ok: boolean
  /** One sentence for people: what was found, and what to do when it is not `ok`. */
  detail: string
}

/** `-fps_mode`, which decoding needs, came with 5.1. */
const MINIMUM = { major: 5, minor: 1 }

/**
 * libavutil of ffmpeg 5.1 (its release notes, doc/APIchanges). Development builds are named by
 * commit or date and say their age only by this.
 */
const MINIMUM_LIBAVUTIL = { major: 57, minor: 28 }

const CHECK_TIMEOUT_MS = 15_000

/**
 * Asks ffmpeg and ffprobe for their versions. A missing or unusable program is an answer
 * (`ok: false`), not an error.
 *
 * @throws the signal's reason when aborted
 */
export async function checkFfmpeg(tools: MediaTools, signal?: AbortSignal): Promise<FfmpegCheck> {
  let version = ''
  for (const program of [tools.ffmpeg, tools.ffprobe]) {
    const answer = await versionText(program, signal)
    if ('fault' in answer) return { version, ok: false, detail: answer.fault }
    const found = readVersion(answer.text)
    if (!found) {
      const detail = `"${program} -version" did not answer as ffmpeg does. Install ffmpeg 5.1 or newer.`
      return { version, ok: false, detail }
    }
    version ||= found.version
    if (!found.recentEnough) {
      return {
        version,
        ok: false,
        detail: `"${program}" is version ${found.version}; Forgeindex needs 5.1 or newer. Install a newer ffmpeg or set FORGEINDEX_FFMPEG and FORGEINDEX_FFPROBE to one.`,
      }
    }
  }
  return { version, ok: true, detail: `ffmpeg ${version}` }
}

/**
 * Reads the answer of `ffmpeg -version`. Knows releases (`5.1.9-0+deb12u1`, `n7.1`, `7:6.0`) and
 * development builds (`N-109468-gd39b34123d`, `2024-01-04-git-…`). Null: this is not ffmpeg's answer.
 */
export function readVersion(text: string): { version: string; recentEnough: boolean } | null {
  const version = /^ff(?:mpeg|probe) version (\S+)/m.exec(text)?.[1]
  if (!version) return null
  const release = /^(?:n|v|\d+:)?(\d+)\.(\d+)/.exec(version)
  if (release) return { version, recentEnough: atLeast(release, MINIMUM) }
  const libavutil = /^libavutil\s+(\d+)\.\s*(\d+)/m.exec(text)
  return { version, recentEnough: libavutil !== null && atLeast(libavutil, MINIMUM_LIBAVUTIL) }
}

function atLeast(match: RegExpExecArray, minimum: { major: number; minor: number }): boolean {
  const [major, minor] = [Number(match[1]), Number(match[2])]
  return major > minimum.major || (major === minimum.major && minor >= minimum.minor)
}

async function versionText(
  program: string,
  signal: AbortSignal | undefined,
): Promise<{ text: string } | { fault: string }> {
  try {
    const { stdout } = await run(program, ['-version'], {
      timeoutMs: CHECK_TIMEOUT_MS,
      ...(signal && { signal }),
    })
    return { text: stdout }
  } catch (error) {
    if (error instanceof ForgeindexError) return { fault: error.message }
    throw error
  }
}
