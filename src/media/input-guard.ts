/**
 * What ffmpeg and ffprobe may open: the options that go before every `-i`. Media files are hostile
 * until proven otherwise. A playlist renamed .mp4 would make ffmpeg open other files (CVE-2016-1898,
 * CVE-2017-9993), and a rarely used decoder is where memory faults live (CVE-2026-8461, MagicYUV).
 */

/** Demuxers (ffmpeg's names) of self-contained files. */
const FORMATS =
  'mov,mp4,matroska,webm,avi,flv,mpegts,mpeg,mpegvideo,gif,ogg,wav,mp3,flac,asf'.split(',')

/** Accepted codecs, and the decoders that ffmpeg builds have for each. */
const VIDEO_CODECS: Record<string, string[]> = {
  h264: ['h264'],
  hevc: ['hevc'],
  vp8: ['vp8', 'libvpx'],
  vp9: ['vp9', 'libvpx-vp9'],
  av1: ['libdav1d', 'libaom-av1', 'av1'],
  mpeg4: ['mpeg4'],
  mpeg1video: ['mpeg1video'],
  mpeg2video: ['mpeg2video'],
  mjpeg: ['mjpeg'],
  gif: ['gif'],
  theora: ['theora'],
  h263: ['h263'],
  flv1: ['flv'],
  wmv1: ['wmv1'],
  wmv2: ['wmv2'],
  wmv3: ['wmv3'],
  vc1: ['vc1'],
  msmpeg4v3: ['msmpeg4'],
  prores: ['prores'],
}

const AUDIO_CODECS: Record<string, string[]> = {
  aac: ['aac'],
  mp3: ['mp3float', 'mp3'],
  mp2: ['mp2float', 'mp2'],
  opus: ['opus', 'libopus'],
  vorbis: ['vorbis'],
  flac: ['flac'],
  ac3: ['ac3'],
  eac3: ['eac3'],
  alac: ['alac'],
  wmav2: ['wmav2'],
  amr_nb: ['amrnb'],
  pcm_u8: ['pcm_u8'],
  pcm_s16le: ['pcm_s16le'],
  pcm_s16be: ['pcm_s16be'],
  pcm_s24le: ['pcm_s24le'],
  pcm_s24be: ['pcm_s24be'],
  pcm_s32le: ['pcm_s32le'],
  pcm_f32le: ['pcm_f32le'],
  pcm_alaw: ['pcm_alaw'],
  pcm_mulaw: ['pcm_mulaw'],
}

/** Never mapped, but ffprobe opens a decoder for each stream it lists and fails without one. */
const OTHER_DECODERS = ['mov_text', 'subrip', 'srt', 'webvtt', 'ass', 'ssa', 'bin_data']

/**
 * Decoders that ffprobe may set up, per kind of stream, without ever giving them a packet (while it
 * reads packets only `DECODERS` are allowed). Without this, one PNG cover, DVD subtitle or DTS sound
 * track would make a good video unreadable.
 */
const LISTED_ONLY = {
  v: ['png', 'bmp', 'webp'],
  a: 'aac_latm,dca,truehd,mlp,wmav1,wmapro,adpcm_ima_wav,adpcm_ima_qt,adpcm_ms,adpcm_swf,nellymoser,libspeex,speex,amrwb,pcm_s8,pcm_s16le_planar,pcm_s32be,pcm_f32be,pcm_f64le,pcm_bluray,pcm_dvd'.split(
    ',',
  ),
  s: ['dvdsub', 'dvbsub', 'pgssub', 'xsub', 'cc_dec', 'libzvbi_teletextdec', 'text'],
}

const DECODERS = [
  ...Object.values(VIDEO_CODECS),
  ...Object.values(AUDIO_CODECS),
  OTHER_DECODERS,
].flat()

/** The largest picture we decode, in pixels: 8192 x 8192. An 8K frame has half as many. */
export const MAX_PIXELS = 8192 * 8192

/** `name` is ffprobe's `codec_name`. */
export function isAcceptedCodec(kind: 'video' | 'audio', name: string): boolean {
  return Object.hasOwn(kind === 'video' ? VIDEO_CODECS : AUDIO_CODECS, name)
}

/** Names of accepted codecs for messages, commonest first. */
export function acceptedCodecNames(kind: 'video' | 'audio'): string {
  return Object.keys(kind === 'video' ? VIDEO_CODECS : AUDIO_CODECS).join(', ')
}

/** Input options for `ffmpeg` and `ffprobe`, to be put directly before `-i`. */
export function guardedInput(program: 'ffmpeg' | 'ffprobe', absoluteFile: string): string[] {
  const listedOnly = Object.entries(LISTED_ONLY).flatMap(([kind, extra]) => [
    `-codec_whitelist:${kind}`,
    [...DECODERS, ...extra].join(','),
  ])
  return [
    ...['-protocol_whitelist', 'file'],
    ...['-format_whitelist', FORMATS.join(',')],
    ...['-codec_whitelist', DECODERS.join(',')],
    ...(program === 'ffprobe' ? listedOnly : []),
    ...['-max_pixels', String(MAX_PIXELS)],
    ...['-i', `file:${absoluteFile}`],
  ]
}
