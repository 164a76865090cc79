import { Check, Columns2, Crown, Undo2, X } from 'lucide-react'
import { Link } from 'react-router'
import type { NearDuplicate } from '../../../api/duplicates.ts'
import { Badge } from '../../../components/ui/badge.tsx'
import { Button } from '../../../components/ui/button.tsx'
import { formatTime } from '../../../lib/format.ts'
import { paths } from '../../../lib/paths.ts'
import { usePlayer } from '../state/player-context.tsx'
import { alikeWords, changeWords, KIND_WORDS, keepWords } from './duplicate-words.ts'

/** One near-duplicate: what it is, where it matches, which is kept, and what a person says of it. */
export function DuplicateRow({
  duplicate,
  onCompare,
  onSay,
}: {
  duplicate: NearDuplicate
  onCompare: () => void
  onSay: (verdict: NearDuplicate['verdict']) => void
}) {
  const player = usePlayer()
  const { title, kind, verdict, start_time: start, other_start_time: otherStart } = duplicate
  const keep = keepWords(duplicate)
  return (
    <li className="space-y-1.5 px-3 py-2 text-xs">
      <div className="flex items-start gap-3">
        <div className="aspect-video w-24 shrink-0 overflow-hidden rounded-sm bg-black">
          {duplicate.thumbnail_url && (
            <img src={duplicate.thumbnail_url} alt="" className="size-full object-contain" />
          )}
        </div>
        <div className="min-w-0 flex-1 space-y-1">
          <Link
            to={paths.video(duplicate.video_id)}
            className="block truncate text-[13px] font-medium hover:text-amber hover:underline"
          >
            {title}
          </Link>
          <p className="flex flex-wrap items-center gap-1.5 text-dim">
            {kind && (
              <Badge tone={kind === 'same-scene' ? 'neutral' : 'amber'} title={KIND_WORDS[kind][1]}>
                {KIND_WORDS[kind][0]}
              </Badge>
            )}
            {changeWords(duplicate).map((words) => (
              <Badge key={words}>{words}</Badge>
            ))}
            <span className="font-mono tabular-nums">{alikeWords(duplicate)}</span>
          </p>
          {keep && (
            <p className="flex items-center gap-1 text-dim">
              {duplicate.is_keeper && <Crown aria-hidden className="size-3 text-amber" />}
              {keep}
            </p>
          )}
          {kind === 'same-scene' && !keep && <p className="text-dim">{KIND_WORDS[kind][1]}.</p>}
        </div>
        <Button
          size="icon-sm"
          variant="ghost"
          aria-label={`Compare with ${title}`}
          title="Compare side by side"
          onClick={onCompare}
        >
          <Columns2 />
        </Button>
      </div>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        {start !== null && otherStart !== null && (
          <p className="font-mono text-dim tabular-nums">
            <button
              type="button"
              className="hover:text-amber hover:underline"
              title="Go there in this video"
              onClick={() => player.seek(start)}
            >
              {formatTime(start, 1)} – {formatTime(duplicate.end_time, 1)}
            </button>
            <span aria-hidden> ↔ </span>
            <Link
              to={paths.video(duplicate.video_id, { at: otherStart })}
              className="hover:text-amber hover:underline"
              title="Go there in the other video"
            >
              {formatTime(otherStart, 1)} – {formatTime(duplicate.other_end_time, 1)}
            </Link>
          </p>
        )}
        <p className="ml-auto flex items-center gap-1">
          {verdict ? (
            <>
              <span className="text-dim">
                {verdict === 'duplicate' ? 'A person: duplicate' : 'A person: no duplicate'}
              </span>
              <Button size="sm" variant="ghost" onClick={() => onSay(null)}>
                <Undo2 /> Take back
              </Button>
            </>
          ) : duplicate.flagged ? (
            <Button size="sm" variant="ghost" onClick={() => onSay('different')}>
              <X /> No duplicate
            </Button>
          ) : (
            <Button size="sm" variant="ghost" onClick={() => onSay('duplicate')}>
              <Check /> Is a duplicate
            </Button>
          )}
        </p>
      </div>
    </li>
  )
}
