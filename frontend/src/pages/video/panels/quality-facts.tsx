import type { Quality } from '../../../api/video.ts'
import { formatShare } from '../../../lib/format.ts'

const IS_KIND = 0.5

/** The scores of picture and sound; those that are not known are left out. */
export function QualityFacts({ quality }: { quality: Quality }) {
  const { slide_show: slides, screen_recording: screen } = quality
  const kinds = [
    slides !== null && slides >= IS_KIND && 'a slide show',
    screen !== null && screen >= IS_KIND && 'a recording of a screen',
  ].filter(Boolean)
  return (
    <section aria-label="Quality" className="mt-4">
      <h3 className="mb-1 font-semibold">Quality</h3>
      <dl className="grid grid-cols-[6.5rem_minmax(0,1fr)] gap-x-3 gap-y-1.5">
        <Score name="Sharpness" value={quality.sharpness} text={sharpnessText} />
        <Score name="Brightness" value={quality.brightness} />
        <Score name="Clipped" value={quality.clipped_share} hint="of the pixels" />
        <Score name="Motion" value={quality.motion} hint="change in 0.2 s" />
        <Score name="Black" value={quality.black_share} hint="of the time" />
        <Score name="Frozen" value={quality.frozen_share} hint="of the time" />
        <Score name="Text, logos" value={quality.overlay_share} hint="of the picture" />
        <Score name="Speech" value={quality.speech_share} hint="of the time" />
      </dl>
      {kinds.length > 0 && <p className="mt-1.5">Looks like {kinds.join(' and ')}.</p>}
    </section>
  )
}

function Score({
  name,
  value,
  hint = '',
  text = (score) => formatScore(score),
}: {
  name: string
  value: number | null
  hint?: string
  text?: (value: number) => string
}) {
  if (value === null) return null
  return (
    <div className="contents">
      <dt className="text-faint">{name}</dt>
      <dd>
        {text(value)} {hint && <span className="text-faint">{hint}</span>}
      </dd>
    </div>
  )
}

/** Small shares keep a decimal: 0.4 % of black is not none. */
function formatScore(share: number): string {
  return share > 0 && share < 0.1 ? `${(share * 100).toFixed(1)} %` : formatShare(share)
}

function sharpnessText(value: number): string {
  const word = value < 30 ? 'blurred' : value < 100 ? 'soft' : 'sharp'
  return `${Math.round(value)} (${word})`
}
