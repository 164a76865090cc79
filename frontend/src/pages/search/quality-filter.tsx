import { useState } from 'react'
import { Slider } from '../../components/ui/slider.tsx'
import {
  boundText,
  QUALITY_BOUNDS,
  QUALITY_KINDS,
  type QualityBound,
  type QualityKind,
} from './quality-filters.ts'
import type { SearchState } from './search-state.ts'
import type { UpdateState } from './use-search-state.ts'

interface Scale {
  name: QualityBound
  text: string
  /** Bounds of the slider; at `open` nothing is asked. */
  min: number
  max: number
  step: number
  open: number
}

const SCALES: Scale[] = [
  { name: 'min_short_side', text: 'Shorter side', min: 0, max: 2160, step: 60, open: 0 },
  { name: 'min_sharpness', text: 'Sharpness', min: 0, max: 500, step: 10, open: 0 },
  { name: 'min_motion', text: 'Motion, least', min: 0, max: 0.1, step: 0.005, open: 0 },
  { name: 'max_motion', text: 'Motion, most', min: 0, max: 0.1, step: 0.005, open: 0.1 },
  { name: 'max_clipped_share', text: 'Clipped pixels', min: 0, max: 1, step: 0.05, open: 1 },
  { name: 'max_black_share', text: 'Black', min: 0, max: 1, step: 0.05, open: 1 },
  { name: 'max_frozen_share', text: 'Frozen', min: 0, max: 1, step: 0.05, open: 1 },
  { name: 'max_overlay_share', text: 'Text and logos', min: 0, max: 0.2, step: 0.005, open: 0.2 },
  { name: 'min_speech_share', text: 'Speech', min: 0, max: 1, step: 0.05, open: 0 },
]

const KINDS: { name: QualityKind; text: string }[] = [
  { name: 'slide_show', text: 'Slide shows' },
  { name: 'screen_recording', text: 'Screen recordings' },
]

/** Bounds of the scores of picture and sound; folded away until one is asked for. */
export function QualityFilter({ state, update }: { state: SearchState; update: UpdateState }) {
  const asked = [...QUALITY_BOUNDS, ...QUALITY_KINDS].filter((name) => state[name] !== null).length
  return (
    <details className="group border-b px-4 py-3" open={asked > 0 || undefined}>
      <summary className="cursor-pointer text-xs font-semibold tracking-wide text-dim uppercase">
        Quality{asked > 0 && ` (${asked})`}
      </summary>
      <p className="mt-1 text-[11px] text-faint">Videos without the score are left out.</p>
      <div className="mt-2 space-y-2">
        {SCALES.map((scale) => (
          <Bound
            key={`${scale.name} ${state[scale.name]}`}
            scale={scale}
            value={state[scale.name]}
            onChange={(value) => update({ [scale.name]: value })}
          />
        ))}
        {KINDS.map(({ name, text }) => (
          <label key={name} className="flex items-center justify-between gap-2 text-xs">
            {text}
            <select
              className="h-7 rounded-md border border-edge bg-panel px-1 text-xs max-lg:h-9"
              value={String(state[name] ?? '')}
              onChange={({ target }) =>
                update({ [name]: target.value === '' ? null : target.value === 'true' })
              }
            >
              <option value="">any</option>
              <option value="true">only</option>
              <option value="false">none</option>
            </select>
          </label>
        ))}
      </div>
    </details>
  )
}

function Bound({
  scale: { name, text, min, max, step, open },
  value,
  onChange,
}: {
  scale: Scale
  value: number | null
  onChange: (value: number | null) => void
}) {
  const [moving, setMoving] = useState(Math.min(value ?? open, max))
  const side = name.startsWith('min_') ? 'at least' : 'at most'
  return (
    <div className="text-xs">
      <div className="flex justify-between">
        <span>{text}</span>
        <span className="font-mono text-[11px] text-dim">
          {moving === open ? 'any' : `${side} ${boundText(name, moving)}`}
        </span>
      </div>
      <Slider
        min={min}
        max={max}
        step={step}
        value={[moving]}
        onValueChange={([next = open]) => setMoving(Number(next.toFixed(3)))}
        onValueCommit={([next = open]) => onChange(next === open ? null : Number(next.toFixed(3)))}
        thumbLabels={[`${text}, ${side}`]}
      />
    </div>
  )
}
