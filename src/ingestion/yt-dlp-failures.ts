import { ForgeindexError, PermanentError, TransientError } from '../errors.ts'

type Consequence = 'permanent' | 'transient'

/**
 * What yt-dlp's error lines mean. The first match wins, so the narrow ones come first: many
 * reasons are written after the words "Video unavailable".
 * Sources: yt_dlp/extractor/youtube/_video.py, tiktok.py, instagram.py, common.py at 2026.08.19.
 */
const FAILURES: [pattern: RegExp, code: string, consequence: Consequence, meaning: string][] = [
  [/No space left on device|Disk quota exceeded/i, 'disk-full', 'transient', 'the disk is full'],
  [
    /confirm you.{1,3}re not a bot|captcha challenge/i,
    'bot-check',
    'permanent',
    'the platform asks this network address to prove that it is not a robot. Try later, or from another network',
  ],
  [
    /confirm your age|age.restricted/i,
    'age-restricted',
    'permanent',
    'it is shown only to signed-in adults',
  ],
  [
    /HTTP Error 429|rate.limited|exceeded the rate-limit|try again later/i,
    'rate-limited',
    'transient',
    'the platform asks for fewer requests',
  ],
  [
    /not made this video available in your country|geo.?restrict|not available (?:from|in) your (?:location|country)|blocked it in your country/i,
    'geo-blocked',
    'permanent',
    'it is not shown in this country',
  ],
  [/DRM.protected|\bDRM\b/i, 'drm-protected', 'permanent', 'it is copy-protected'],
  [
    /Private video|account is private|video is private/i,
    'video-private',
    'permanent',
    'its owner has made it private',
  ],
  [
    /IP address is blocked|log ?in|sign in|logged-in|members-only|join this channel|requires payment|empty media response|do not have permission/i,
    'login-required',
    'permanent',
    'it is shown only to signed-in users',
  ],
  [
    /live event will begin|Premieres in|is live|live stream recording is not available/i,
    'live',
    'permanent',
    'it is a live broadcast, not a finished video',
  ],
  [
    /Requested format is not available|No video formats found|There is no video in this post/i,
    'no-format',
    'permanent',
    'it has no version of at most 720 lines that can be fetched',
  ],
  [/Unsupported URL/i, 'not-a-video', 'permanent', 'no video was found on that page'],
  [
    /HTTP Error 4(?:04|10)|Video unavailable|has been removed|no longer available|account .* terminated|Video not available, status code|does not exist/i,
    'video-gone',
    'permanent',
    'it is no longer there',
  ],
  [
    /HTTP Error 40[13]/i,
    'access-denied',
    'transient',
    'the server refused it; this can be a passing measure against robots',
  ],
  [
    /HTTP Error 5\d\d|Unable to download|timed? ?out|Connection (?:refused|reset|aborted)|name resolution|Name or service not known|No address associated|IncompleteRead|bytes read|Remote end closed|unable to connect to proxy|Network is unreachable|\bSSL\b|\bEOF\b/i,
    'network',
    'transient',
    'the platform could not be reached',
  ],
]

/**
 * The error that a failed yt-dlp run stands for, from its standard error. What is not known stays
 * an unknown fault with yt-dlp's own words.
 */
export function failureOf(stderr: string, target: string): ForgeindexError {
  const lines = stderr.split('\n').filter((line) => line.startsWith('ERROR:'))
  const said = (lines.at(-1) ?? stderr.trim().split('\n').at(-1) ?? '')
    .replace(/^ERROR:\s*/, '')
    .replace(/; please report this issue on .*$/s, '')
    .slice(0, 500)
  const known = FAILURES.find(([pattern]) => pattern.test(said))
  if (!known) {
    return new ForgeindexError('yt-dlp-failed', `yt-dlp could not fetch ${target}: ${said}`)
  }
  const [, code, consequence, meaning] = known
  const message = `${target} cannot be fetched: ${meaning}. (yt-dlp: ${said})`
  return consequence === 'permanent'
    ? new PermanentError(code, message)
    : new TransientError(code, message)
}
