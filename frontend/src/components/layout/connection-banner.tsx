import { PlugZap } from 'lucide-react'
import { useConnection } from '../../lib/live-events.tsx'

/** Says that the server is away, until it is back. */
export function ConnectionBanner() {
  const connection = useConnection()
  return (
    <div role="status" aria-live="polite">
      {connection === 'offline' && (
        <p className="flex items-center justify-center gap-2 border-b border-bad/40 bg-bad-soft px-4 py-2 text-sm text-bad">
          <PlugZap className="size-4 shrink-0" aria-hidden />
          The server does not answer. Nothing is lost; this page goes on by itself when it is back.
        </p>
      )}
    </div>
  )
}
