import { type InfiniteData, useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useId, useState } from 'react'
import type { CardVideo, FacetValue, ResultPage } from '../../api/search.ts'
import { addTag } from '../../api/video.ts'
import { Button } from '../../components/ui/button.tsx'
import { Dialog, DialogContent } from '../../components/ui/dialog.tsx'
import { Input, Label } from '../../components/ui/input.tsx'
import { Progress } from '../../components/ui/progress.tsx'
import { useToast } from '../../components/ui/toast.tsx'
import { formatCount, plural } from '../../lib/format.ts'
import { runBounded } from '../../lib/run-bounded.ts'
import { type Choice, selection } from '../../lib/selection.ts'

/** Requests on their way at once: the server writes one tag in some milliseconds. */
const AT_ONCE = 4
/** Failures named one by one; of the rest only the number is said. */
const NAMED = 5

/**
 * Adds one tag by hand to videos: to the one given, or to all that are chosen.
 *
 * @param videos null: closed; none: those that are chosen
 */
export function TagDialog({
  videos,
  suggestions,
  onClose,
}: {
  videos: CardVideo[] | null
  suggestions: FacetValue[]
  onClose: () => void
}) {
  return (
    <Dialog open={videos !== null} onOpenChange={(open) => !open && onClose()}>
      {videos && <Content given={videos} suggestions={suggestions} onClose={onClose} />}
    </Dialog>
  )
}

function Content({
  given,
  suggestions,
  onClose,
}: {
  given: CardVideo[]
  suggestions: FacetValue[]
  onClose: () => void
}) {
  const client = useQueryClient()
  const toast = useToast()
  const id = useId()
  const [text, setText] = useState('')
  const [done, setDone] = useState(0)
  const [left, setLeft] = useState<Choice[]>(() =>
    given.length > 0 ? given : [...selection.get()].map(([id, title]) => ({ id, title })),
  )
  const tag = text.trim().toLowerCase()
  const tagging = useMutation({
    mutationFn: async () => {
      setDone(0)
      const failures = await runBounded(left, AT_ONCE, (video) => addTag(video.id, tag), {
        onDone: setDone,
      })
      return { failures, asked: left.length }
    },
    onSuccess: ({ failures, asked }) => {
      const failed = new Set(failures.map(({ item }) => item.id))
      const tagged = new Set(left.map((video) => video.id).filter((id) => !failed.has(id)))
      client.setQueriesData<InfiniteData<ResultPage>>({ queryKey: ['results'] }, (results) =>
        results ? withTag(results, tagged, tag) : undefined,
      )
      for (const key of ['facets', 'video']) void client.invalidateQueries({ queryKey: [key] })
      if (failures.length === 0) {
        toast(`“${tag}” was added to ${plural(asked, 'video')}.`)
        onClose()
      } else setLeft(failures.map(({ item }) => item))
    },
  })
  const failures = tagging.data?.failures ?? []
  const submit = (event: FormEvent) => {
    event.preventDefault()
    tagging.mutate()
  }
  return (
    <DialogContent
      title={
        left.length === 1 ? `Tag “${left[0]?.title}”` : `Tag ${plural(left.length, 'chosen video')}`
      }
      description="A tag given by hand stays when a video is labelled anew."
      onInteractOutside={(event) => tagging.isPending && event.preventDefault()}
    >
      <form className="space-y-4" onSubmit={submit}>
        <div className="space-y-1.5">
          <Label htmlFor={`${id}-tag`}>Tag</Label>
          <Input
            id={`${id}-tag`}
            list={`${id}-known`}
            required
            maxLength={100}
            autoComplete="off"
            value={text}
            disabled={tagging.isPending}
            onChange={(event) => setText(event.target.value)}
          />
          <datalist id={`${id}-known`}>
            {suggestions.slice(0, 50).map(({ value }) => (
              <option key={value} value={value} />
            ))}
          </datalist>
        </div>
        {tagging.isPending && (
          <div className="space-y-1" role="status">
            <Progress share={done / left.length} label="Videos tagged" />
            <p className="text-xs text-dim">
              {formatCount(done)} of {formatCount(left.length)}
            </p>
          </div>
        )}
        {!tagging.isPending && failures.length > 0 && (
          <div role="alert" className="space-y-1 text-sm text-bad">
            <p>{plural(failures.length, 'video')} did not get it:</p>
            <ul className="list-disc pl-5">
              {failures.slice(0, NAMED).map(({ item, error }) => (
                <li key={item.id} className="break-words">
                  {item.title}: {error instanceof Error ? error.message : 'an unknown error'}
                </li>
              ))}
              {failures.length > NAMED && <li>and {failures.length - NAMED} more</li>}
            </ul>
          </div>
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{tagging.isPending ? 'Close' : 'Cancel'}</Button>
          <Button type="submit" variant="primary" disabled={tagging.isPending || tag === ''}>
            {failures.length > 0 ? 'Try these again' : 'Add the tag'}
          </Button>
        </div>
      </form>
    </DialogContent>
  )
}

/** The loaded cards with one more tag: hundreds of pages need not be asked for anew. */
function withTag(
  results: InfiniteData<ResultPage>,
  ids: ReadonlySet<string>,
  tag: string,
): InfiniteData<ResultPage> {
  const tagged = (video: CardVideo): CardVideo =>
    ids.has(video.id) && !video.tags.includes(tag)
      ? { ...video, tags: [...video.tags, tag].sort() }
      : video
  const pages = results.pages.map((page) =>
    page.videos.some(({ id }) => ids.has(id)) ? { ...page, videos: page.videos.map(tagged) } : page,
  )
  return { ...results, pages }
}
