import { useQuery } from '@tanstack/react-query'
import { Image, TriangleAlert } from 'lucide-react'
import type { ResultPage } from '../../api/search.ts'
import { healthQuery } from '../../api/stats.ts'
import { Command } from '../../components/command.tsx'
import { Badge } from '../../components/ui/badge.tsx'

/** What was searched; where pictures were not, why, and the command that mends it. */
export function ModeBadge({ mode }: { mode: ResultPage['mode'] }) {
  const health = useQuery({ ...healthQuery(), enabled: mode === 'words' })
  if (mode === null) return null
  if (mode === 'hybrid') {
    return (
      <Badge title="Frames are compared with your words, and titles, tags and speech are read">
        <Image aria-hidden /> pictures + words
      </Badge>
    )
  }
  if (mode === 'similar') {
    return (
      <Badge>
        <Image aria-hidden /> by looks
      </Badge>
    )
  }
  const clip = health.data?.checks.models.clip
  const command = clip?.ok === false ? clip.command : 'forgeindex recompute'
  return (
    <span className="flex min-w-0 flex-wrap items-center gap-1.5">
      <Badge tone="amber" className="whitespace-normal">
        <TriangleAlert aria-hidden />
        words only: {clip?.ok === false ? 'CLIP is not installed' : 'no pictures are indexed yet'}
      </Badge>
      {clip && command && <Command text={command} />}
    </span>
  )
}
