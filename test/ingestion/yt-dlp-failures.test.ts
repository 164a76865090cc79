import { expect, it } from 'vitest'
import { failureOf } from '../../src/ingestion/yt-dlp-failures.ts'

// The texts are those of yt-dlp's extractors: youtube/_video.py, tiktok.py, instagram.py, common.py.
it.each([
  [
    "[youtube] x: Private video. Sign in if you've been granted access",
    'video-private',
    'PermanentError',
  ],
  [
    "[TikTok] 7: This user's account is private. Log into an account",
    'video-private',
    'PermanentError',
  ],
  [
    '[youtube] x: Video unavailable. This video has been removed by the uploader',
    'video-gone',
    'PermanentError',
  ],
  [
    '[generic] Unable to download webpage: HTTP Error 404: Not Found (caused by <HTTPError 404>)',
    'video-gone',
    'PermanentError',
  ],
  ['[TikTok] 7: Video not available, status code 10204', 'video-gone', 'PermanentError'],
  [
    '[youtube] x: Video unavailable. The uploader has not made this video available in your country',
    'geo-blocked',
    'PermanentError',
  ],
  [
    '[x] y: This video is not available from your location due to geo restriction',
    'geo-blocked',
    'PermanentError',
  ],
  [
    '[youtube] x: Sign in to confirm your age. This video may be inappropriate',
    'age-restricted',
    'PermanentError',
  ],
  [
    '[youtube] x: Sign in to confirm you’re not a bot. Use --cookies-from-browser',
    'bot-check',
    'PermanentError',
  ],
  ["[youtube] x: Sign in to confirm you're not a bot", 'bot-check', 'PermanentError'],
  [
    '[youtube] x: YouTube is requiring a captcha challenge before playback',
    'bot-check',
    'PermanentError',
  ],
  [
    '[youtube] x: Unable to download API page: HTTP Error 429: Too Many Requests',
    'rate-limited',
    'TransientError',
  ],
  [
    "[youtube] x: Video unavailable. This content isn't available, try again later. Your account has been rate-limited by YouTube for up to an hour",
    'rate-limited',
    'TransientError',
  ],
  [
    '[Instagram] C: Restricted Video: redirected to the login page. You have exceeded the rate-limit for accessing posts anonymously',
    'rate-limited',
    'TransientError',
  ],
  ['[x] y: This video is DRM protected', 'drm-protected', 'PermanentError'],
  [
    '[TikTok] 7: Your IP address is blocked from accessing this post',
    'login-required',
    'PermanentError',
  ],
  [
    '[TikTok] 7: You do not have permission to view this post. Log into an account that has access',
    'login-required',
    'PermanentError',
  ],
  [
    '[Instagram] C: Instagram sent an empty media response. Check if this post is accessible',
    'login-required',
    'PermanentError',
  ],
  [
    '[youtube] x: Join this channel to get access to members-only content',
    'login-required',
    'PermanentError',
  ],
  [
    '[youtube] x: Requested format is not available. Use --list-formats',
    'no-format',
    'PermanentError',
  ],
  [
    '[x] y: No video formats found!; please report this issue on https://github.com/…',
    'no-format',
    'PermanentError',
  ],
  ['[Instagram] C: There is no video in this post', 'no-format', 'PermanentError'],
  ['Unsupported URL: https://example.com/', 'not-a-video', 'PermanentError'],
  ['[youtube] x: This live event will begin in 3 hours.', 'live', 'PermanentError'],
  ['unable to download video data: HTTP Error 403: Forbidden', 'access-denied', 'TransientError'],
  [
    '[youtube] x: Unable to download webpage: <urlopen error [Errno -3] Temporary failure in name resolution>',
    'network',
    'TransientError',
  ],
  [
    '[generic] x: Unable to download webpage: HTTP Error 503: Service Unavailable',
    'network',
    'TransientError',
  ],
  [
    '[download] Got error: 1024 bytes read, 300 more expected. Giving up after 5 retries',
    'network',
    'TransientError',
  ],
  ['unable to write data: [Errno 28] No space left on device', 'disk-full', 'TransientError'],
])('%s → %s', (line, code, name) => {
  const error = failureOf(`WARNING: something else\nERROR: ${line}\n`, 'https://example.com/v')
  expect(error).toMatchObject({ code, name })
  expect(error.message).toContain('https://example.com/v')
  expect(error.message).not.toContain('please report this issue')
})

it('what is not known stays an unknown fault with its own words', () => {
  const error = failureOf('ERROR: [x] y: The moon is in the wrong phase', 'https://example.com/v')
  expect(error).toMatchObject({ code: 'yt-dlp-failed', name: 'ForgeindexError' })
  expect(error.message).toContain('wrong phase')
})
