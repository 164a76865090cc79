import { useMutation, useQueryClient } from '@tanstack/react-query'
import { addTag, removeTag, type SmallVideo, type Tag, videoQuery } from '../../../api/video.ts'
import { useToast } from '../../../components/ui/toast.tsx'

/**
 * Adds and removes tags. The page shows it at once; when the server refuses, the tags are as they
 * were and a message says why.
 */
export function useTags(id: string): { add: (tag: string) => void; remove: (tag: string) => void } {
  const client = useQueryClient()
  const toast = useToast()
  const { queryKey } = videoQuery(id)

  const change = useMutation({
    mutationFn: async ({ tag, wanted }: { tag: string; wanted: boolean }) => {
      if (wanted) await addTag(id, tag)
      else await removeTag(id, tag)
    },
    onMutate: async ({ tag, wanted }) => {
      await client.cancelQueries({ queryKey })
      const before = client.getQueryData<SmallVideo>(queryKey)
      client.setQueryData<SmallVideo>(
        queryKey,
        (video) => video && { ...video, tags: withTag(video.tags, tag, wanted) },
      )
      return { was: before?.tags.find((each) => each.tag === tag) ?? null }
    },
    onError: (error, { tag, wanted }, context) => {
      // Only this tag goes back: another change may have come since.
      client.setQueryData<SmallVideo>(
        queryKey,
        (video) =>
          video && {
            ...video,
            tags: wanted
              ? withTag(video.tags, tag, false)
              : [...withTag(video.tags, tag, false), ...(context?.was ? [context.was] : [])],
          },
      )
      toast(`The tag ${tag} was not ${wanted ? 'added' : 'removed'}: ${error.message}`, 'bad')
    },
    onSettled: () => {
      void client.invalidateQueries({ queryKey: ['facets'] })
      return client.invalidateQueries({ queryKey })
    },
  })
  return {
    add: (tag) => change.mutate({ tag, wanted: true }),
    remove: (tag) => change.mutate({ tag, wanted: false }),
  }
}

function withTag(tags: Tag[], tag: string, wanted: boolean): Tag[] {
  const others = tags.filter((each) => each.tag !== tag)
  return wanted ? [...others, { tag, source: 'manual' }] : others
}
