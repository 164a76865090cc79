import type { SmallVideo } from '../../../api/video.ts'
import { Badge, StatusBadge } from '../../../components/ui/badge.tsx'
import { humanLabel } from '../../../lib/format.ts'
import { StepNote } from './step-note.tsx'

/** What was done with the video, by which model, how long it took; and what was not. */
export function StepsPanel({ video }: { video: SmallVideo }) {
  return (
    <div className="min-h-0 flex-1 overflow-y-auto text-xs">
      <ol className="divide-y divide-line/60">
        {video.steps.map((step) => (
          <li key={step.name} className="space-y-1 px-3 py-2">
            <div className="flex items-center gap-2">
              <span className="text-[13px] font-medium">{step.name}</span>
              <StatusBadge status={step.state} />
              <span className="ml-auto font-mono text-dim tabular-nums">
                {step.seconds === null
                  ? ''
                  : `${step.seconds.toFixed(step.seconds < 10 ? 2 : 0)} s`}
              </span>
            </div>
            {(step.model_name || step.device) && (
              <p className="text-dim">
                {step.model_name && <code className="font-mono">{step.model_name}</code>}
                {step.device && ` on ${step.device}`}
                {step.profile === 'fast' && ', fast profile'}
              </p>
            )}
            {Object.keys(step.counts).length > 0 && (
              <p className="text-faint">
                {Object.entries(step.counts)
                  .map(([name, count]) => `${humanLabel(name)} ${count.toLocaleString('en')}`)
                  .join(' · ')}
              </p>
            )}
            <div className="text-dim">
              <StepNote step={step} video={video} />
            </div>
          </li>
        ))}
      </ol>
      {video.models.length > 0 && (
        <section aria-label="Models" className="border-t p-3">
          <h3 className="mb-2 text-[13px] font-semibold">Models that made these labels</h3>
          <ul className="space-y-1.5">
            {video.models.map(({ name, kind, revision, licence }) => (
              <li key={`${kind} ${name}`} className="flex flex-wrap items-center gap-x-2">
                <code className="font-mono">{name}</code>
                <Badge>{kind}</Badge>
                <span className="text-dim">{licence ?? 'licence not known'}</span>
                {revision && <span className="font-mono break-all text-faint">{revision}</span>}
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  )
}
