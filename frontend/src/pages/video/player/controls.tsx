import {
  Maximize,
  Pause,
  Play,
  Repeat,
  SkipBack,
  SkipForward,
  Square,
  SquareDashed,
  StepBack,
  StepForward,
  Volume2,
  VolumeX,
} from 'lucide-react'
import type { ReactNode } from 'react'
import { Button } from '../../../components/ui/button.tsx'
import { Slider } from '../../../components/ui/slider.tsx'
import { cn } from '../../../lib/cn.ts'
import { formatTime } from '../../../lib/format.ts'
import { useLabels } from '../state/labels-context.tsx'
import { RATES } from '../state/player.ts'
import { usePlayer, usePlayState } from '../state/player-context.tsx'
import type { Commands } from './use-commands.ts'

/** All that is done with the picture, in one line. */
export function Controls({ commands, hasAudio }: { commands: Commands; hasAudio: boolean }) {
  const player = usePlayer()
  const playing = usePlayState((state) => state.playing)
  const loop = usePlayState((state) => state.loop)
  const rate = usePlayState((state) => state.rate)
  const { boxesShown, showBoxes } = useLabels()
  return (
    <div className="flex flex-wrap items-center gap-x-1 gap-y-1 border-t bg-panel px-1.5 py-1">
      <Control label="Keyframe before (,)" onClick={() => commands.keyframe(-1)}>
        <SkipBack />
      </Control>
      <Control
        label="Frame before (<)"
        onClick={() => commands.frame(-1)}
        className="max-sm:hidden"
      >
        <StepBack />
      </Control>
      <Button
        size="icon-sm"
        variant="primary"
        aria-label={playing ? 'Pause (space)' : 'Play (space)'}
        title={playing ? 'Pause (space)' : 'Play (space)'}
        onClick={() => player.toggle()}
      >
        {playing ? <Pause /> : <Play />}
      </Button>
      <Control label="Frame after (>)" onClick={() => commands.frame(1)} className="max-sm:hidden">
        <StepForward />
      </Control>
      <Control label="Keyframe after (.)" onClick={() => commands.keyframe(1)}>
        <SkipForward />
      </Control>
      <TimeReadout />
      <div className="ml-auto flex items-center gap-1">
        <Control
          label={loop ? 'End the repeating (l)' : 'Repeat the chosen segment (l)'}
          pressed={loop !== null}
          onClick={commands.toggleLoop}
        >
          <Repeat />
        </Control>
        <Control
          label={boxesShown ? 'Hide the boxes (b)' : 'Show the boxes (b)'}
          pressed={boxesShown}
          onClick={() => showBoxes(!boxesShown)}
        >
          {boxesShown ? <Square /> : <SquareDashed />}
        </Control>
        <select
          aria-label="Speed"
          value={rate}
          onChange={(event) => player.setRate(Number(event.target.value))}
          className="h-7 rounded-md bg-panel px-1 text-xs text-dim hover:bg-raised"
        >
          {RATES.map((each) => (
            <option key={each} value={each}>
              {each}×
            </option>
          ))}
        </select>
        {hasAudio && <Volume />}
        <Control label="Full screen (f)" onClick={commands.fullscreen}>
          <Maximize />
        </Control>
      </div>
    </div>
  )
}

function Control({
  label,
  pressed,
  onClick,
  className,
  children,
}: {
  label: string
  pressed?: boolean
  onClick: () => void
  className?: string
  children: ReactNode
}) {
  return (
    <Button
      size="icon-sm"
      variant="ghost"
      aria-label={label}
      title={label}
      {...(pressed === undefined ? {} : { 'aria-pressed': pressed })}
      onClick={onClick}
      className={cn(pressed && 'text-amber', className)}
    >
      {children}
    </Button>
  )
}

function TimeReadout() {
  // Tenths: more often than that nobody reads it.
  const time = usePlayState((state) => Math.floor(state.time * 10 + 1e-6) / 10)
  const duration = usePlayState((state) => state.duration)
  return (
    <p className="ml-2 font-mono text-xs whitespace-nowrap tabular-nums">
      <span className="sr-only">Time </span>
      <span data-testid="time">{formatTime(time + 1e-6, 1)}</span>
      <span className="text-faint max-sm:hidden"> / {formatTime(duration, 1)}</span>
    </p>
  )
}

function Volume() {
  const player = usePlayer()
  const volume = usePlayState((state) => state.volume)
  const muted = usePlayState((state) => state.muted)
  const silent = muted || volume === 0
  return (
    <>
      <Control
        label={silent ? 'Sound on (m)' : 'Sound off (m)'}
        pressed={silent}
        onClick={() => player.setVolume(volume || 1, !silent)}
      >
        {silent ? <VolumeX /> : <Volume2 />}
      </Control>
      <Slider
        thumbLabels={['Volume']}
        className="w-16 max-sm:hidden"
        min={0}
        max={1}
        step={0.05}
        value={[silent ? 0 : volume]}
        onValueChange={([value]) => player.setVolume(value ?? 1)}
      />
    </>
  )
}
