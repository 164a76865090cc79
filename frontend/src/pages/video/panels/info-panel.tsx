import { useQuery } from '@tanstack/react-query'
import { Download, ExternalLink } from 'lucide-react'
import type { ReactNode } from 'react'
import { annotationPartQuery, type SmallVideo } from '../../../api/video.ts'
import { Button } from '../../../components/ui/button.tsx'
import { formatBytes, formatDate, formatTime, humanLabel } from '../../../lib/format.ts'

/** Where the file comes from, what may be done with it, and what it is. */
export function InfoPanel({ video }: { video: SmallVideo }) {
  const provenance = useQuery({
    ...annotationPartQuery(video.id, 'provenance', 0),
    enabled: video.steps.some(({ name, state }) => name === 'annotation' && state === 'done'),
  })
  const facts = new Map(provenance.data?.entries ?? [])
  const evidence = facts.get('evidence')
  const retrievedWith = facts.get('retrieved_with')
  return (
    <div className="min-h-0 flex-1 overflow-y-auto p-3 text-xs">
      <dl className="grid grid-cols-[6.5rem_minmax(0,1fr)] gap-x-3 gap-y-1.5">
        <Fact name="Source">
          <Url url={video.source_url} />
        </Fact>
        <Fact name="Uploader">
          {video.uploader && <Url url={video.uploader_url ?? ''} text={video.uploader} />}
        </Fact>
        <Fact name="Licence">
          {video.licence ? (
            <Url url={video.licence_url ?? ''} text={video.licence} />
          ) : (
            <span className="text-amber">None stated: you may not be allowed to pass it on</span>
          )}
        </Fact>
        <Fact name="Licence evidence">{evidence ? <Evidence evidence={evidence} /> : null}</Fact>
        <Fact name="Published">{video.published_at && formatDate(video.published_at)}</Fact>
        <Fact name="Platform">{video.platform}</Fact>
        <Fact name="Found with">{video.query && `“${video.query}”`}</Fact>
        <Fact name="Retrieved">
          {video.retrieved_at &&
            `${formatDate(video.retrieved_at)}${typeof retrievedWith === 'string' ? ` with ${retrievedWith}` : ''}`}
        </Fact>
        <Fact name="Added">{formatDate(video.created_at)}</Fact>
        <Fact name="Completed">{video.completed_at && formatDate(video.completed_at)}</Fact>
        <Fact name="Category">{humanLabel(video.category)}</Fact>
        <Fact name="Duration">
          {video.duration !== null && `${formatTime(video.duration, 2)} (${video.duration} s)`}
        </Fact>
        <Fact name="Resolution">
          {video.width && video.height && `${video.width} × ${video.height}`}
        </Fact>
        <Fact name="Frame rate">
          {video.fps && `${Math.round(video.fps * 1000) / 1000} per second`}
        </Fact>
        <Fact name="Sound">
          {video.has_audio === null ? null : video.has_audio ? 'yes' : 'none'}
        </Fact>
        <Fact name="Size">
          {video.bytes !== null &&
            `${formatBytes(video.bytes)} (${video.bytes.toLocaleString('en')} bytes)`}
        </Fact>
        <Fact name="Keyframes">{video.keyframe_count.toLocaleString('en')}</Fact>
        <Fact name="Boxes">{video.detection_count.toLocaleString('en')}</Fact>
        <Fact name="SHA-256">
          {video.content_sha256 && <code className="font-mono">{video.content_sha256}</code>}
        </Fact>
        <Fact name="Id">
          <code className="font-mono">{video.id}</code>
        </Fact>
      </dl>
      {video.description && (
        <>
          <h3 className="mt-4 mb-1 font-semibold">Description</h3>
          <p className="whitespace-pre-line break-words text-dim">{video.description}</p>
        </>
      )}
      {video.media_url && (
        <Button size="sm" className="mt-4" asChild>
          <a href={video.media_url} download>
            <Download /> Download the file
          </a>
        </Button>
      )}
    </div>
  )
}

/** A line of the list; nothing when nothing is known. */
function Fact({ name, children }: { name: string; children: ReactNode }) {
  if (!children) return null
  return (
    <div className="contents">
      <dt className="text-faint">{name}</dt>
      <dd className="[overflow-wrap:anywhere]">{children}</dd>
    </div>
  )
}

/** Only addresses of the web become links; `file:` ones a browser does not open from a page. */
function Url({ url, text }: { url: string; text?: string }) {
  if (!/^https?:\/\//i.test(url)) return <span className="break-all">{text ?? url}</span>
  return (
    <a
      href={url}
      target="_blank"
      rel="noreferrer"
      className="break-all text-amber underline underline-offset-2"
    >
      {text ?? url}{' '}
      <ExternalLink aria-label="(opens in a new tab)" className="inline size-3" role="img" />
    </a>
  )
}

function Evidence({ evidence }: { evidence: unknown }) {
  if (typeof evidence === 'string') return <Url url={evidence} />
  return (
    <pre className="max-h-40 overflow-auto rounded-sm bg-ground p-2 font-mono text-[11px] whitespace-pre-wrap break-all">
      {JSON.stringify(evidence, null, 2)}
    </pre>
  )
}
