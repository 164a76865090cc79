import { Link2, type LucideIcon, TextSearch, Upload } from 'lucide-react'
import { Command } from '../../components/command.tsx'
import { Button } from '../../components/ui/button.tsx'
import { Card } from '../../components/ui/card.tsx'
import type { Way } from './ingest-card.tsx'

const BEGINNINGS: { way: Way; icon: LucideIcon; title: string; text: string; action: string }[] = [
  {
    way: 'upload',
    icon: Upload,
    title: 'Your own files',
    text: 'Drop videos or whole folders anywhere on this page. Nothing leaves this server.',
    action: 'Choose files',
  },
  {
    way: 'words',
    icon: TextSearch,
    title: 'Words',
    text: 'Say what to look for, for example “20 videos of CNC machining”. Wikimedia Commons is openly licensed.',
    action: 'Search a platform',
  },
  {
    way: 'addresses',
    icon: Link2,
    title: 'Addresses',
    text: 'Paste links to videos, one a line. Each is fetched at 720 lines at most.',
    action: 'Paste links',
  },
]

/** What to do with an empty library. */
export function FirstRun({
  onBegin,
  isServer,
}: {
  onBegin: (way: Way) => void
  isServer: boolean
}) {
  return (
    <Card aria-label="How to begin" className="p-5">
      <h2 className="text-base font-semibold">The library is empty. Three ways to begin:</h2>
      <ol className="mt-4 grid gap-3 md:grid-cols-3">
        {BEGINNINGS.map(({ way, icon: Icon, title, text, action }) => (
          <li key={way} className="flex flex-col gap-2 rounded-md border bg-ground p-4">
            <h3 className="flex items-center gap-2 font-medium">
              <Icon className="size-4 text-amber" aria-hidden /> {title}
            </h3>
            <p className="flex-1 text-sm text-dim">{text}</p>
            <Button size="sm" className="self-start" onClick={() => onBegin(way)}>
              {action}
            </Button>
          </li>
        ))}
      </ol>
      <p className="mt-4 flex flex-wrap items-center gap-2 text-xs text-dim">
        Or in a terminal, a small set over five categories:
        <Command text={isServer ? 'docker compose exec backend forgeindex seed' : 'npm run demo'} />
      </p>
    </Card>
  )
}
