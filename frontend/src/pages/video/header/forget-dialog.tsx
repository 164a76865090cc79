import { useQueryClient } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { useNavigate } from 'react-router'
import { dropFromResults } from '../../../api/search.ts'
import { forgetVideo, type SmallVideo } from '../../../api/video.ts'
import { ConfirmDialog } from '../../../components/confirm-dialog.tsx'
import { Input } from '../../../components/ui/input.tsx'
import { useToast } from '../../../components/ui/toast.tsx'
import { paths } from '../../../lib/paths.ts'
import { selection } from '../../../lib/selection.ts'

/** Asks why, removes the video for good, and leaves its page. */
export function ForgetDialog({
  video,
  open,
  onOpenChange,
}: {
  video: SmallVideo
  open: boolean
  onOpenChange: (open: boolean) => void
}) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const toast = useToast()
  const [reason, setReason] = useState('')
  const id = useId()
  const forget = async () => {
    if (reason.trim() === '') throw new Error('Say why: the reason is kept.')
    await forgetVideo(video.id, reason)
    toast('The video is forgotten.')
    // First: on its own page, asking again for what is gone would only show an error.
    await navigate(paths.search())
    client.removeQueries({ queryKey: ['video', video.id] })
    dropFromResults(client, video.id)
    selection.remove(video.id)
    for (const key of ['videos', 'facets', 'datasets', 'stats', 'tasks']) {
      void client.invalidateQueries({ queryKey: [key] })
    }
    await navigate(paths.search())
  }
  return (
    <ConfirmDialog
      open={open}
      onOpenChange={onOpenChange}
      title="Forget this video?"
      description="Its file, pictures and labels are deleted, it leaves datasets, and archives that hold it are deleted. It is never fetched again. This cannot be undone; its own source keeps it."
      action="Forget the video"
      onConfirm={forget}
    >
      <label htmlFor={id} className="block space-y-1 text-sm">
        <span>Reason</span>
        <Input
          id={id}
          value={reason}
          maxLength={1000}
          placeholder="Asked for by …"
          onChange={(event) => setReason(event.target.value)}
        />
      </label>
    </ConfirmDialog>
  )
}
