import { useQuery } from '@tanstack/react-query'
import { Download, ExternalLink } from 'lucide-react'
import type { ReactNode } from 'react'
import { type Provenance, provenanceQuery, type SmallVideo } from '../../../api/video.ts'
import { Button } from '../../../components/ui/button.tsx'
import { formatBytes, formatDate, formatTime, humanLabel } from '../../../lib/format.ts'
import { QualityFacts } from './quality-facts.tsx'

/** Where the file comes from, what may be done with it, and what it is. */
export function InfoPanel({ video }: { video: SmallVideo }) {
  const { data: ledger } = useQuery(provenanceQuery(video.id))
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
            <>
              <Url
                url={video.licence_url ?? ledger?.licence_url ?? ''}
                text={video.licence_spdx ?? video.licence}
              />
              {ledger && <Terms ledger={ledger} />}
            </>
          ) : (
            <span className="text-amber">None stated: you may not be allowed to pass it on</span>
          )}
        </Fact>
        <Fact name="Licence evidence">
          {ledger?.licence_evidence && <Evidence evidence={ledger.licence_evidence} />}
        </Fact>
        <Fact name="Attribution">{video.licence && ledger?.attribution}</Fact>
        <Fact name="Published">{video.published_at && formatDate(video.published_at)}</Fact>
        <Fact name="Platform">{video.platform}</Fact>
        <Fact name="Found with">{video.query && `“${video.query}”`}</Fact>
        <Fact name="Retrieved">
          {video.retrieved_at &&
            `${formatDate(video.retrieved_at)}${ledger?.fetched_with ? ` with ${ledger.fetched_with}` : ''}`}
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
      {video.quality && <QualityFacts quality={video.quality} />}
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

/** What the licence asks for and forbids, in a line. */
function Terms({ ledger }: { ledger: Provenance }) {
  const terms = [
    ledger.licence_name,
    ledger.licence_is_open === null && 'not a licence that is known here: read it',
    ledger.licence_is_open && 'any use',
    ledger.needs_attribution && 'name the author',
    ledger.is_non_commercial && 'no commercial use',
    ledger.is_no_derivatives && 'no changed versions',
  ].filter(Boolean)
  return <p className="text-dim">{terms.join(' · ')}</p>
}

/** What the source said, where, and when. */
function Evidence({ evidence }: { evidence: NonNullable<Provenance['licence_evidence']> }) {
  return (
    <>
      <p>
        <code className="font-mono">{evidence.field}</code>: “{evidence.value}”
      </p>
      <p className="text-dim">
        <Url url={evidence.page} />
        {evidence.retrieved_at && ` read ${formatDate(evidence.retrieved_at)}`}
      </p>
    </>
  )
}
