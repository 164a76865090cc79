import { useMutation } from '@tanstack/react-query'
import { Boxes, ChevronsRight, Eye, EyeOff, Trophy } from 'lucide-react'
import { bestDetection, type SmallVideo } from '../../../api/video.ts'
import { EmptyState } from '../../../components/page-state.tsx'
import { Badge } from '../../../components/ui/badge.tsx'
import { Button } from '../../../components/ui/button.tsx'
import { Slider } from '../../../components/ui/slider.tsx'
import { cn } from '../../../lib/cn.ts'
import { colorOf } from '../../../lib/colors.ts'
import { formatCount, formatShare, humanLabel } from '../../../lib/format.ts'
import { scoreMeaning } from '../../../lib/scores.ts'
import { useLabels } from '../state/labels-context.tsx'
import { usePlayer, usePlayState } from '../state/player-context.tsx'
import { useWholeTimeline } from '../timeline/use-timeline-data.ts'
import { StepNote } from './step-note.tsx'

type Summary = SmallVideo['objects_summary'][number]

/** Which objects and concepts there are, which of them are shown, and where they are. */
export function ObjectsPanel({ video }: { video: SmallVideo }) {
  const { hidden, setHidden, minConfidence, setMinConfidence, boxesShown, showBoxes } = useLabels()
  const labels = video.objects_summary.map(({ label }) => label)
  const stepOf = (name: string) => video.steps.find((step) => step.name === name)
  const notes = ['detection', 'concepts'].filter((name) => {
    const step = stepOf(name)
    return step && step.state !== 'done'
  })
  if (labels.length === 0)
    return (
      <EmptyState title="No objects" icon={Boxes} className="overflow-y-auto">
        {notes.length === 0 && <p>The detector and the concepts found nothing in its keyframes.</p>}
        {notes.map((name) => (
          <div key={name}>
            <p className="font-medium text-ink">{name}</p>
            <StepNote step={stepOf(name)} video={video} />
          </div>
        ))}
      </EmptyState>
    )
  const allHidden = labels.every((label) => hidden.has(label))
  return (
    <>
      <div className="flex shrink-0 items-center gap-3 border-b px-3 py-1.5 text-xs">
        <Button
          size="sm"
          variant="ghost"
          aria-pressed={boxesShown}
          onClick={() => showBoxes(!boxesShown)}
        >
          {boxesShown ? <Eye /> : <EyeOff />} Boxes
        </Button>
        <span className="flex min-w-0 flex-1 items-center gap-2 text-dim">
          <span className="whitespace-nowrap">Sure by</span>
          <Slider
            thumbLabels={['Least confidence of a box, in percent']}
            min={0}
            max={100}
            step={1}
            value={[Math.round(minConfidence * 100)]}
            onValueChange={([value]) => setMinConfidence((value ?? 0) / 100)}
          />
          <span className="w-9 text-right font-mono whitespace-nowrap tabular-nums">
            {formatShare(minConfidence)}
          </span>
        </span>
        <Button size="sm" variant="ghost" onClick={() => setHidden(labels, !allHidden)}>
          {allHidden ? 'Show all' : 'Hide all'}
        </Button>
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto">
        <table className="w-full table-fixed text-left text-xs">
          <thead className="sticky top-0 z-10 bg-panel text-faint">
            <tr className="border-b">
              <th scope="col" className="w-8 px-2 py-1.5">
                <span className="sr-only">Shown</span>
              </th>
              <th scope="col" className="py-1.5 font-medium">
                Label
              </th>
              <th
                scope="col"
                className="w-14 px-1 py-1.5 text-right font-medium"
                title="Different objects, followed from keyframe to keyframe"
              >
                Objects
              </th>
              <th scope="col" className="w-14 px-1 py-1.5 text-right font-medium">
                Count
              </th>
              <th scope="col" className="w-12 px-1 py-1.5 text-right font-medium">
                Best
              </th>
              <th scope="col" className="w-16 px-1 py-1.5">
                <span className="sr-only">Go to</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {video.objects_summary.map((summary) => (
              <LabelRow key={`${summary.kind} ${summary.label}`} id={video.id} summary={summary} />
            ))}
          </tbody>
        </table>
        {notes.map((name) => (
          <div key={name} className="border-t px-3 py-2 text-xs text-dim">
            <p className="font-medium text-ink">{name}</p>
            <StepNote step={stepOf(name)} video={video} />
          </div>
        ))}
      </div>
    </>
  )
}

function LabelRow({ id, summary }: { id: string; summary: Summary }) {
  const { label, kind, count, tracks, max_confidence, score_kind } = summary
  const { hidden, toggle, highlight, setHighlight } = useLabels()
  const { toBest, toNext } = useJumps(id, summary)
  const name = humanLabel(label)
  const shown = !hidden.has(label)
  const color = colorOf(label)
  return (
    <tr
      className={cn('border-b border-line/60 hover:bg-raised', highlight === label && 'bg-raised')}
      onPointerEnter={() => setHighlight(label)}
      onPointerLeave={() => setHighlight(null)}
    >
      <td className="px-2 py-0.5">
        <input
          type="checkbox"
          aria-label={`Show ${name}`}
          checked={shown}
          onChange={() => toggle(label)}
          className="block size-4 accent-amber"
        />
      </td>
      <td className={cn('py-0.5', !shown && 'text-faint')}>
        <span className="flex items-center gap-1.5">
          <span
            aria-hidden
            className={cn(
              'size-2.5 shrink-0',
              kind === 'concept' ? 'rounded-full border-2' : 'rounded-xs',
            )}
            style={kind === 'concept' ? { borderColor: color } : { background: color }}
          />
          <span className="truncate" title={name}>
            {name}
          </span>
          {kind === 'concept' && (
            <Badge title="Judged from the whole picture: it has no box">concept</Badge>
          )}
        </span>
      </td>
      <td
        className="px-1 py-0.5 text-right font-mono tabular-nums"
        title={tracks ? `${formatCount(tracks)} different objects` : undefined}
      >
        {tracks ? formatCount(tracks) : ''}
      </td>
      <td
        className="px-1 py-0.5 text-right font-mono tabular-nums"
        title={kind === 'concept' ? 'Keyframes' : 'Boxes'}
      >
        {formatCount(count)}
      </td>
      <td className="px-1 py-0.5 text-right font-mono tabular-nums">
        <span title={scoreMeaning(score_kind)}>{formatShare(max_confidence)}</span>
      </td>
      <td className="px-1 py-0.5 text-right whitespace-nowrap">
        <Button
          size="icon-sm"
          variant="ghost"
          aria-label={`Surest ${name}`}
          title="Go to where it is surest"
          onClick={toBest}
        >
          <Trophy />
        </Button>
        <Button
          size="icon-sm"
          variant="ghost"
          aria-label={`Next ${name}`}
          title="Go to where it is seen next"
          onClick={toNext}
        >
          <ChevronsRight />
        </Button>
      </td>
    </tr>
  )
}

/** Goes to the surest and to the next occurrence of a label; after the last comes the first. */
function useJumps(id: string, { label, kind, max_confidence }: Summary) {
  const player = usePlayer()
  const duration = usePlayState((state) => state.duration)
  const timeline = useWholeTimeline(id, duration)
  const spans = () =>
    timeline.data?.objects.find((lane) => lane.label === label && lane.kind === kind)?.spans ?? []
  const find = useMutation({
    mutationFn: () => bestDetection(id, label, max_confidence),
    onSuccess: (box) => player.seek(box?.timestamp ?? player.state.time),
  })
  return {
    toBest: () => {
      player.pause()
      if (kind === 'object') return find.mutate()
      const best = spans().toSorted((a, b) => b.max_confidence - a.max_confidence)[0]
      if (best) player.seek(best.start_time)
    },
    toNext: () => {
      const all = spans()
      const next = all.find((span) => span.start_time > player.state.time + 0.01) ?? all[0]
      if (next) player.seek(next.start_time)
    },
  }
}
