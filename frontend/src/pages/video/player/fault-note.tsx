import { Download, RefreshCw } from 'lucide-react'
import { Button } from '../../../components/ui/button.tsx'
import type { MediaFault } from '../state/media-fault.ts'
import { usePlayer } from '../state/player-context.tsx'

/** Why the file does not play here, and what is done instead. */
export function FaultNote({
  fault,
  mediaUrl,
  hasKeyframes,
}: {
  fault: MediaFault
  mediaUrl: string | null
  hasKeyframes: boolean
}) {
  const player = usePlayer()
  return (
    <div
      role="alert"
      className="absolute inset-x-0 top-0 flex flex-wrap items-center justify-between gap-x-4 gap-y-2 border-b border-amber/40 bg-amber-soft/95 px-3 py-2 text-xs text-ink"
    >
      <p>
        {fault.message}{' '}
        {hasKeyframes && fault.kind !== 'network' && 'Its keyframes are shown instead.'}
      </p>
      {fault.kind === 'network' ? (
        <Button size="sm" onClick={() => player.reload()}>
          <RefreshCw /> Try again
        </Button>
      ) : (
        mediaUrl && (
          <Button size="sm" asChild>
            <a href={mediaUrl} download>
              <Download /> Download the file
            </a>
          </Button>
        )
      )}
    </div>
  )
}
