import { useQuery } from '@tanstack/react-query'
import { ArrowLeft } from 'lucide-react'
import { Link } from 'react-router'
import { videoQuery } from '../../api/video.ts'
import { Button } from '../../components/ui/button.tsx'
import { VideoPicture } from '../../components/video-picture.tsx'
import { paths } from '../../lib/paths.ts'
import type { SearchState } from './search-state.ts'

/** What the results are compared with, and the way back. */
export function SimilarBanner({ state, onBack }: { state: SearchState; onBack: () => void }) {
  const [kind, id] = split(state.similar_to)
  const videoId = kind === 'video' ? id : state.similar_video
  const { data: video } = useQuery({ ...videoQuery(videoId), enabled: videoId !== '' })
  const picture =
    kind === 'keyframe' && videoId
      ? `/api/videos/${videoId}/keyframes/${id}`
      : (video?.thumbnail_url ?? null)
  return (
    <section
      aria-label="Compared with"
      className="flex items-center gap-3 rounded-md border border-amber/40 bg-amber-soft p-2"
    >
      <div className="h-14 w-25 shrink-0 overflow-hidden rounded-sm bg-black">
        <VideoPicture src={picture} status="completed" />
      </div>
      <div className="min-w-0 flex-1">
        <p className="text-xs text-dim">
          {kind === 'video' ? 'Looks like this video' : 'Looks like this picture of'}
        </p>
        <p className="truncate font-medium">
          {videoId ? (
            <Link to={paths.video(videoId)} className="hover:underline">
              {video?.title ?? 'a video'}
            </Link>
          ) : (
            'a video'
          )}
        </p>
      </div>
      <Button size="sm" onClick={onBack}>
        <ArrowLeft /> <span className="max-sm:sr-only">Back to where I was</span>
      </Button>
    </section>
  )
}

function split(similarTo: string): [string, string] {
  const colon = similarTo.indexOf(':')
  return [similarTo.slice(0, colon), similarTo.slice(colon + 1)]
}
