import { useMutation, useQueryClient } from '@tanstack/react-query'
import { CopyCheck } from 'lucide-react'
import { useState } from 'react'
import { type NearDuplicate, sayOfDuplicate } from '../../../api/duplicates.ts'
import { type SmallVideo, videoQuery } from '../../../api/video.ts'
import { EmptyState } from '../../../components/page-state.tsx'
import { Dialog } from '../../../components/ui/dialog.tsx'
import { useToast } from '../../../components/ui/toast.tsx'
import { DuplicateCompare } from './duplicate-compare.tsx'
import { DuplicateRow } from './duplicate-row.tsx'
import { StepNote } from './step-note.tsx'

/** Videos that look nearly the same: duplicates first, each kind surest first. */
export function DuplicatesPanel({ video }: { video: SmallVideo }) {
  const [compared, setCompared] = useState<NearDuplicate | null>(null)
  const say = useVerdict(video.id)
  if (video.duplicates.length === 0) {
    const step = video.steps.find(({ name }) => name === 'dedup')
    return (
      <EmptyState title="No near-duplicates" icon={CopyCheck} className="overflow-y-auto">
        {step && step.state !== 'done' ? (
          <StepNote step={step} video={video} />
        ) : (
          <p>No other video of the library looks nearly the same.</p>
        )}
      </EmptyState>
    )
  }
  const rank = (duplicate: NearDuplicate) =>
    (duplicate.is_keeper ? 4 : 0) + (duplicate.flagged ? 2 : 0) + duplicate.similarity
  const all = video.duplicates.toSorted((a, b) => rank(b) - rank(a))
  return (
    <>
      <ul className="min-h-0 flex-1 divide-y divide-line/60 overflow-y-auto">
        {all.map((duplicate) => (
          <DuplicateRow
            key={duplicate.video_id}
            duplicate={duplicate}
            onCompare={() => setCompared(duplicate)}
            onSay={(verdict) => say(duplicate.video_id, verdict)}
          />
        ))}
      </ul>
      <Dialog open={compared !== null} onOpenChange={() => setCompared(null)}>
        {compared && <DuplicateCompare video={video} duplicate={compared} />}
      </Dialog>
    </>
  )
}

/** Says it, and shows what follows: the flag, the group, the one to keep. */
function useVerdict(id: string) {
  const client = useQueryClient()
  const toast = useToast()
  const { mutate } = useMutation({
    mutationFn: ({ other, verdict }: { other: string; verdict: NearDuplicate['verdict'] }) =>
      sayOfDuplicate(id, other, verdict),
    onError: (error) => toast(`It was not saved: ${error.message}`, 'bad'),
    onSettled: (_answer, _error, { other }) => {
      void client.invalidateQueries({ queryKey: ['facets'] })
      void client.invalidateQueries({ queryKey: videoQuery(other).queryKey })
      return client.invalidateQueries({ queryKey: videoQuery(id).queryKey })
    },
  })
  return (other: string, verdict: NearDuplicate['verdict']) => mutate({ other, verdict })
}
