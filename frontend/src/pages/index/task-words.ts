import type { Task } from '../../api/tasks.ts'
import { plural } from '../../lib/format.ts'

const PLATFORMS: Record<string, string> = {
  youtube: 'YouTube',
  tiktok: 'TikTok',
  instagram: 'Instagram',
  commons: 'Wikimedia Commons',
  archive: 'Internet Archive',
  nasa: 'NASA',
  any: 'all sources',
  folder: 'folder',
  urls: 'addresses',
  upload: 'upload',
}

export function platformName(platform: string): string {
  return PLATFORMS[platform] ?? platform
}

/** What a task was asked for, in one line. */
export function askedText(
  task: Pick<Task, 'query' | 'urls' | 'path' | 'platform' | 'videos_found'>,
): string {
  if (task.query) return task.query
  if (task.urls.length === 1) return task.urls[0] ?? ''
  if (task.urls.length > 1) return plural(task.urls.length, 'address', 'addresses')
  if (task.platform === 'upload') {
    return task.videos_found > 0 ? plural(task.videos_found, 'uploaded file') : 'Uploaded files'
  }
  return task.path ?? platformName(task.platform)
}

export function isOver(task: Pick<Task, 'status'>): boolean {
  return task.status !== 'pending' && task.status !== 'running'
}

/** True when another try may change something. */
export function mayRetry(task: Pick<Task, 'status' | 'videos_failed'>): boolean {
  return isOver(task) && (task.status !== 'completed' || task.videos_failed > 0)
}

/** The steps on one video in order, as people call them, and what each gives. */
export const STAGES: readonly { step: string; label: string; gives: string }[] = [
  { step: 'frames', label: 'Frames', gives: 'downloaded; keyframes and sound taken out' },
  { step: 'embeddings', label: 'Vectors', gives: 'a vector for each keyframe' },
  { step: 'dedup', label: 'Duplicates', gives: 'compared with the library' },
  { step: 'transcription', label: 'Speech', gives: 'speech written down' },
  { step: 'detection', label: 'Objects', gives: 'boxes around objects' },
  { step: 'concepts', label: 'Concepts', gives: 'concepts of the taxonomy' },
  { step: 'activity', label: 'Activities', gives: 'activity segments' },
  { step: 'annotation', label: 'Annotation', gives: 'one annotation, tags, category' },
]

export interface StageProgress {
  label: string
  gives: string
  /** Videos that have this step behind them. */
  done: number
  /** 0–1 of the videos that come this far. */
  share: number
  /** Some videos are before it: this is where work goes on. */
  isActive: boolean
}

/**
 * How far the videos of a task are, step by step. The task knows how many it found, not how many it
 * will take: while it runs the whole is the smaller of found and asked for, less what has failed.
 */
export function stagesOf(task: Task): StageProgress[] {
  const first = task.stages[STAGES[0]?.step ?? ''] ?? 0
  const expected = Math.min(task.max_videos, task.videos_found) - task.videos_failed
  const whole = isOver(task) ? first : Math.max(first, expected, 0)
  let before = whole
  const steps = STAGES.map(({ step, label, gives }) => {
    const done = task.stages[step] ?? 0
    const isActive = !isOver(task) && before > done
    before = done
    return { label, gives, done, share: whole > 0 ? Math.min(1, done / whole) : 0, isActive }
  })
  const isSearching = task.status === 'running' && task.videos_found === 0
  const found = {
    label: 'Found',
    gives: 'candidates that the source named',
    done: task.videos_found,
    share: task.videos_found > 0 ? 1 : 0,
    isActive: isSearching,
  }
  return [found, ...steps]
}

/** Failure codes in words, for people. What is not here is shown by its code. */
const FAILURES: Record<string, string> = {
  'access-denied': 'refused by the site',
  'age-restricted': 'only for signed-in adults',
  'bot-check': 'site asks for a proof of not being a robot',
  cancelled: 'cancelled',
  'codec-not-accepted': 'codec not accepted',
  damaged: 'damaged file',
  'decoder-killed': 'decoder broke off',
  'disk-full': 'disk full',
  'drm-protected': 'copy-protected',
  'empty-file': 'empty file',
  'file-missing': 'file is gone',
  'format-not-accepted': 'format not accepted',
  'geo-blocked': 'not shown in this country',
  live: 'live broadcast',
  'login-required': 'only for signed-in users',
  'near-duplicate': 'looks like another',
  network: 'site could not be reached',
  'no-format': 'no version of 720 lines or less',
  'no-licence': 'no licence stated',
  'no-video': 'no picture in the file',
  'non-free': 'not openly licensed',
  'not-a-video': 'not a video',
  'off-topic': 'not about what was asked for',
  'over-limit': 'more than was asked for',
  'path-not-readable': 'not readable',
  'rate-limited': 'site asks for fewer requests',
  removed: 'removed from the library',
  'same-content': 'same content as another',
  'same-video': 'taken already',
  'timed-out': 'took too long',
  'too-large': 'file too large',
  'too-long': 'longer than allowed',
  'too-many-keyframes': 'too many keyframes',
  'too-many-pixels': 'picture too large',
  undecodable: 'cannot be decoded',
  'video-undecodable': 'cannot be decoded',
  'url-refused': 'address refused',
  'video-gone': 'no longer there',
  'video-private': 'private',
}

export function failureText(code: string): string {
  return FAILURES[code] ?? code.replaceAll('-', ' ')
}
