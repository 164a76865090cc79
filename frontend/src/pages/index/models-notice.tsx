import { TriangleAlert } from 'lucide-react'
import type { Health } from '../../api/stats.ts'
import { Command } from '../../components/command.tsx'
import { Card } from '../../components/ui/card.tsx'

/** What each model gives; without it these steps are skipped. */
const GIVES: Record<string, { steps: string; model: string }> = {
  clip: { steps: 'Vectors, duplicates and concepts', model: 'CLIP' },
  detector: { steps: 'Objects', model: 'The detector' },
  speech: { steps: 'Speech', model: 'Whisper' },
}

/** Says which steps will be skipped and which program is missing, with the command that mends it. */
export function ModelsNotice({ health }: { health: Health | undefined }) {
  if (!health) return null
  const models = Object.entries(health.checks.models).filter(([, { ok }]) => !ok)
  const programs = [
    { name: 'ffmpeg', ...health.checks.ffmpeg, without: 'no video can be processed' },
    {
      name: 'yt-dlp',
      ...health.checks.yt_dlp,
      without: 'sites cannot be searched or fetched from',
    },
  ].filter(({ ok }) => !ok)
  if (models.length === 0 && programs.length === 0) return null
  return (
    <Card aria-label="What is missing" className="border-info/40 bg-info-soft">
      <ul className="divide-y divide-info/20 px-4">
        {programs.map(({ name, detail, without }) => (
          <Missing key={name} title={`${name} is missing: ${without}`} detail={detail}>
            <Command text="npx forgeindex doctor" />
          </Missing>
        ))}
        {models.map(([job, { name, detail, command }]) => (
          <Missing
            key={job}
            title={`${GIVES[job]?.steps ?? job}: this step will be skipped`}
            detail={command ? `${GIVES[job]?.model ?? job} (${name}) is not installed.` : detail}
          >
            {command && <Command text={`npx ${command}`} />}
          </Missing>
        ))}
      </ul>
      {models.length > 0 && (
        <div className="flex flex-wrap items-center gap-2 border-t border-info/20 px-4 py-2.5 text-xs text-dim">
          <span>Afterwards, for the videos that are already here:</span>
          <Command text="npx forgeindex recompute" />
        </div>
      )}
    </Card>
  )
}

function Missing({
  title,
  detail,
  children,
}: {
  title: string
  detail: string
  children: React.ReactNode
}) {
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-2 py-2.5">
      <TriangleAlert className="size-4 shrink-0 text-info" aria-hidden />
      <div className="min-w-0 flex-1 basis-64">
        <p className="text-sm font-medium">{title}</p>
        <p className="text-xs break-words text-dim">{detail}</p>
      </div>
      {children}
    </li>
  )
}
