import { TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import type { Health } from '../../api/stats.ts'
import { Command } from '../../components/command.tsx'
import { Card } from '../../components/ui/card.tsx'

/** The steps that need each model. */
const STEPS: Record<string, string> = {
  clip: 'vectors, near-duplicates and concepts',
  detector: 'objects',
  speech: 'speech',
}

/** Says which steps will be skipped and which program is missing, with the command that mends it. */
export function ModelsNotice({ health }: { health: Health | undefined }) {
  if (!health) return null
  const { ffmpeg, yt_dlp: ytDlp, models } = health.checks
  const prefix = health.command_prefix
  const missing = Object.entries(models).filter(([, { ok }]) => !ok)
  if (ffmpeg.ok && ytDlp.ok && missing.length === 0) return null
  return (
    <Card aria-label="What is missing" className="divide-y divide-line border-info/40">
      {!ffmpeg.ok && (
        <Missing title="No video can be processed: ffmpeg is missing" detail={ffmpeg.detail}>
          <Command text={`${prefix} doctor`} />
        </Missing>
      )}
      {!ytDlp.ok && (
        <Missing
          title="Sites cannot be searched or fetched from: yt-dlp is missing"
          detail={ytDlp.detail}
        >
          <Command text={`${prefix} doctor`} />
        </Missing>
      )}
      {missing.length > 0 && <MissingModels missing={missing} prefix={prefix} />}
    </Card>
  )
}

type Model = Health['checks']['models'][string]

function MissingModels({ missing, prefix }: { missing: [string, Model][]; prefix: string }) {
  const [only] = missing
  // Without a name it pulls all that are wanted.
  const command =
    missing.length === 1
      ? only?.[1].command
      : missing.some(([, model]) => model.command) && `${prefix} models pull`
  const steps = missing.map(([job]) => STEPS[job] ?? job)
  const details = missing.map(([, { name, detail }]) => (name ? `${name} is ${detail}` : detail))
  return (
    <Missing
      title={`${missing.length === 1 ? 'This step' : 'These steps'} will be skipped: ${steps.join('; ')}`}
      detail={missing.length === 1 ? details.join() : `Not installed: ${namesOf(missing)}.`}
    >
      {command && <Command text={command} />}
      <span className="flex items-center gap-2 text-xs text-dim">
        then <Command text={`${prefix} recompute`} />
      </span>
    </Missing>
  )
}

function namesOf(missing: [string, Model][]): string {
  return missing.map(([job, { name, detail }]) => name || `${job} (${detail})`).join(', ')
}

function Missing({
  title,
  detail,
  children,
}: {
  title: string
  detail: string
  children: ReactNode
}) {
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-2.5">
      <div className="flex min-w-0 flex-1 basis-80 gap-2.5 max-sm:basis-full">
        <TriangleAlert className="mt-0.5 size-4 shrink-0 text-info" aria-hidden />
        <div className="min-w-0">
          <p className="text-sm font-medium">{title}</p>
          <p className="text-xs break-words text-dim">{detail}</p>
        </div>
      </div>
      {children}
    </div>
  )
}
