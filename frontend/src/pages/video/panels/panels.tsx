import { useEffect, useRef } from 'react'
import type { SmallVideo } from '../../../api/video.ts'
import { Tabs, TabsContent, TabsList, TabsTrigger } from '../../../components/ui/tabs.tsx'
import { ActivitiesPanel } from './activities-panel.tsx'
import { AnnotationPanel } from './annotation-panel.tsx'
import { DuplicatesPanel } from './duplicates-panel.tsx'
import { InfoPanel } from './info-panel.tsx'
import { ObjectsPanel } from './objects-panel.tsx'
import { StepsPanel } from './steps-panel.tsx'
import { TranscriptPanel } from './transcript-panel.tsx'

const TABS = [
  { id: 'objects', label: 'Objects', Panel: ObjectsPanel },
  { id: 'transcript', label: 'Transcript', Panel: TranscriptPanel },
  { id: 'activities', label: 'Activities', Panel: ActivitiesPanel },
  { id: 'duplicates', label: 'Duplicates', Panel: DuplicatesPanel },
  { id: 'info', label: 'Info', Panel: InfoPanel },
  { id: 'steps', label: 'Steps', Panel: StepsPanel },
  { id: 'json', label: 'JSON', Panel: AnnotationPanel },
]

/** Beside the picture, as high as it; on a phone below everything. Only the open panel is there. */
export function Panels({
  video,
  tab,
  onTab,
}: {
  video: SmallVideo
  tab: string | null
  onTab: (tab: string) => void
}) {
  const open = TABS.find(({ id }) => id === tab)?.id ?? 'objects'
  const list = useRef<HTMLDivElement>(null)
  // On a phone not all tabs have room. Not scrollIntoView: that would move the page as well.
  useEffect(() => {
    const active = list.current?.querySelector<HTMLElement>(`[data-tab=${open}]`)
    if (list.current && active)
      list.current.scrollLeft =
        active.offsetLeft + active.offsetWidth / 2 - list.current.clientWidth / 2
  }, [open])
  return (
    <Tabs
      value={open}
      onValueChange={onTab}
      className="flex min-h-80 flex-col rounded-lg border border-line bg-panel lg:absolute lg:inset-0 lg:min-h-0"
    >
      <TabsList ref={list} aria-label="About this video" className="relative shrink-0 gap-0 px-1">
        {TABS.map(({ id, label }) => (
          <TabsTrigger
            key={id}
            value={id}
            data-tab={id}
            className="px-2 text-[13px] focus-visible:outline-offset-[-2px] lg:px-1.5 lg:text-xs xl:px-[7px]"
          >
            {label}
            {id === 'duplicates' && video.duplicates.length > 0 && (
              <span className="ml-1 text-xs text-amber">{video.duplicates.length}</span>
            )}
          </TabsTrigger>
        ))}
      </TabsList>
      {TABS.map(({ id, Panel }) => (
        <TabsContent
          key={id}
          value={id}
          className="flex min-h-0 flex-1 flex-col pt-0 focus-visible:outline-offset-[-2px] max-lg:max-h-[75dvh]"
        >
          <Panel video={video} />
        </TabsContent>
      ))}
    </Tabs>
  )
}
