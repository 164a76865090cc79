import { FileVideo, Upload, X } from 'lucide-react'
import { useRef } from 'react'
import { Button } from '../../components/ui/button.tsx'
import { Progress } from '../../components/ui/progress.tsx'
import { useToast } from '../../components/ui/toast.tsx'
import { formatBytes, formatShare, plural } from '../../lib/format.ts'
import { FormFault } from './form-parts.tsx'
import { ACCEPTED } from './ingest-values.ts'
import { totalBytes, uploads, useUploads } from './upload-store.ts'
import { useShowStarted } from './use-start.ts'

/** Files of this computer: chosen or dropped, then sent together as one task. */
export function UploadForm() {
  const state = useUploads()
  const { files, refused, sentBytes, error } = state
  const input = useRef<HTMLInputElement>(null)
  const show = useShowStarted()
  const toast = useToast()
  const total = totalBytes(files)
  const isSending = sentBytes !== null
  const start = async () => {
    const task = await uploads.start()
    if (!task) return
    show(task)
    toast('Uploaded; the task has started')
  }
  return (
    <div className="flex flex-col gap-3">
      <input
        ref={input}
        type="file"
        multiple
        accept={ACCEPTED}
        className="hidden"
        aria-label="Videos to upload"
        onChange={(event) => {
          uploads.add(event.target.files ?? [])
          event.target.value = ''
        }}
      />
      {!isSending && (
        <div className="flex flex-wrap items-center gap-3 rounded-md border border-dashed border-edge bg-ground px-4 py-4">
          <Button data-way="upload" onClick={() => input.current?.click()}>
            <FileVideo /> Choose videos
          </Button>
          <p className="text-sm text-dim">or drop files and folders anywhere on this page</p>
        </div>
      )}
      {refused.length > 0 && (
        <p role="status" className="text-xs break-words text-bad">
          Left out:{' '}
          {refused
            .slice(0, 4)
            .map(({ name, reason }) => `${name}: ${reason}`)
            .join('; ')}
          {refused.length > 4 && `; and ${refused.length - 4} more`}
        </p>
      )}
      {files.length > 0 && (
        <ul
          aria-label="Chosen files"
          className="max-h-48 divide-y divide-line overflow-y-auto rounded-md border"
        >
          {files.map((file) => (
            <li
              key={`${file.name} ${file.size} ${file.lastModified}`}
              className="flex items-center gap-3 px-3 py-1.5 text-sm"
            >
              <span className="min-w-0 flex-1 truncate" title={file.name}>
                {file.name}
              </span>
              <span className="text-xs text-faint tabular-nums">{formatBytes(file.size)}</span>
              {!isSending && (
                <Button
                  size="icon-sm"
                  variant="ghost"
                  aria-label={`Leave out ${file.name}`}
                  onClick={() => uploads.remove(file)}
                >
                  <X />
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
      <FormFault text={error?.message} />
      {isSending ? (
        <div className="flex items-center gap-3">
          <div className="min-w-0 flex-1 space-y-1.5">
            <Progress share={total > 0 ? sentBytes / total : null} label="Upload" />
            <p className="text-xs text-dim tabular-nums">
              {formatBytes(sentBytes)} of {formatBytes(total)} (
              {formatShare(total > 0 ? sentBytes / total : 0)})
              {sentBytes >= total && ' · the server is storing it'}
            </p>
          </div>
          <Button size="sm" onClick={() => uploads.stop()}>
            <X /> Cancel
          </Button>
        </div>
      ) : (
        files.length > 0 && (
          <div className="flex flex-wrap items-center justify-end gap-3">
            <Button variant="ghost" onClick={() => uploads.clear()}>
              Clear
            </Button>
            <Button variant="primary" onClick={() => void start()} className="max-sm:flex-1">
              <Upload /> Upload {plural(files.length, 'video')} ({formatBytes(total)})
            </Button>
          </div>
        )
      )}
    </div>
  )
}
