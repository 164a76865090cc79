import { Copy, Download } from 'lucide-react'
import type { TranscriptSegment } from '../../../api/video.ts'
import { Button } from '../../../components/ui/button.tsx'
import { Menu, MenuContent, MenuItem, MenuTrigger } from '../../../components/ui/menu.tsx'
import { useToast } from '../../../components/ui/toast.tsx'
import { downloadText, fileName, toSrt, toVtt } from './subtitles.ts'

/** Copies and downloads the whole transcript, whatever is searched; not before all of it is here. */
export function TranscriptTakeAway({
  title,
  segments,
  isWhole,
}: {
  /** The video's; the file is named by it. */
  title: string
  segments: TranscriptSegment[]
  isWhole: boolean
}) {
  const toast = useToast()
  const copy = async () => {
    const text = segments.map((segment) => segment.text.trim()).join('\n')
    const copied = await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    )
    toast(
      copied ? 'The transcript is copied.' : 'The browser does not let this page copy.',
      copied ? 'ok' : 'bad',
    )
  }
  return (
    <>
      <Button
        size="icon-sm"
        variant="ghost"
        aria-label="Copy the transcript"
        disabled={!isWhole}
        onClick={() => void copy()}
      >
        <Copy />
      </Button>
      <Menu>
        <MenuTrigger asChild>
          <Button
            size="icon-sm"
            variant="ghost"
            aria-label="Download the transcript"
            disabled={!isWhole}
          >
            <Download />
          </Button>
        </MenuTrigger>
        <MenuContent>
          <MenuItem
            onSelect={() =>
              downloadText(fileName(title, 'srt'), toSrt(segments), 'application/x-subrip')
            }
          >
            SubRip (.srt)
          </MenuItem>
          <MenuItem
            onSelect={() => downloadText(fileName(title, 'vtt'), toVtt(segments), 'text/vtt')}
          >
            WebVTT (.vtt)
          </MenuItem>
        </MenuContent>
      </Menu>
    </>
  )
}
