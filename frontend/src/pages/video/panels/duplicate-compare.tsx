import { useQuery } from '@tanstack/react-query'
import type { NearDuplicate } from '../../../api/duplicates.ts'
import type { SmallVideo } from '../../../api/video.ts'
import { keyframeSampleQuery, keyframeWindowSampleQuery } from '../../../api/video.ts'
import { DialogContent } from '../../../components/ui/dialog.tsx'
import { formatTime } from '../../../lib/format.ts'
import { alikeWords, KIND_WORDS } from './duplicate-words.ts'

/** Pictures of each video. */
const PICTURES = 8

/** Both side by side: the stretches that match, or their whole length when nothing does. */
export function DuplicateCompare({
  video,
  duplicate,
}: {
  video: SmallVideo
  duplicate: NearDuplicate
}) {
  const { kind, start_time, end_time, other_start_time, other_end_time } = duplicate
  const isMatch = start_time !== null && other_start_time !== null
  return (
    <DialogContent
      title={[kind && KIND_WORDS[kind][0], alikeWords(duplicate)].filter(Boolean).join(', ')}
      description={
        isMatch
          ? 'The stretches that match, in eight pictures each.'
          : 'Both over their whole length, in eight pictures each.'
      }
      className="max-w-3xl"
    >
      <div className="grid grid-cols-2 gap-3 text-xs">
        <Strip id={video.id} title={video.title} from={start_time} to={end_time} />
        <Strip
          id={duplicate.video_id}
          title={duplicate.title}
          from={other_start_time}
          to={other_end_time}
          isMirrored={duplicate.is_mirrored}
        />
      </div>
    </DialogContent>
  )
}

function Strip({
  id,
  title,
  from,
  to,
  isMirrored = false,
}: {
  id: string
  title: string
  from: number | null
  to: number | null
  isMirrored?: boolean
}) {
  const sample = useQuery(
    from === null || to === null
      ? keyframeSampleQuery(id, PICTURES)
      : keyframeWindowSampleQuery(id, { from, to }, PICTURES),
  )
  return (
    <section aria-label={title} className="min-w-0 space-y-2">
      <h3 className="truncate font-medium">
        {title}
        {isMirrored && <span className="font-normal text-dim"> · mirrored</span>}
      </h3>
      {sample.data?.items.map((keyframe) => (
        <figure key={keyframe.id}>
          <img
            src={keyframe.url}
            alt={`${title} at ${formatTime(keyframe.timestamp, 1)}`}
            className="aspect-video w-full rounded-sm bg-black object-contain"
          />
          <figcaption className="font-mono text-faint">
            {formatTime(keyframe.timestamp, 1)}
          </figcaption>
        </figure>
      ))}
    </section>
  )
}
