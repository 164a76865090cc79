import { Dialog, DialogContent } from '../../../components/ui/dialog.tsx'
import { KEY_HELP } from '../state/keymap.ts'

export function HelpDialog({
  open,
  onOpenChange,
}: {
  open: boolean
  onOpenChange: (open: boolean) => void
}) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <DialogContent
        title="Keys"
        description="They work wherever the focus is, except in text fields."
      >
        <dl className="grid grid-cols-[auto_1fr] items-baseline gap-x-4 gap-y-1.5 text-sm">
          {KEY_HELP.map(({ keys, does }) => (
            <div key={does} className="contents">
              <dt className="flex flex-wrap gap-1">
                {keys.map((key) => (
                  <kbd
                    key={key}
                    className="rounded-sm border border-edge bg-ground px-1.5 font-mono text-xs whitespace-nowrap"
                  >
                    {key}
                  </kbd>
                ))}
              </dt>
              <dd className="text-dim">{does}</dd>
            </div>
          ))}
        </dl>
        <p className="text-xs text-faint">
          On the timeline: Ctrl and the wheel zoom, the wheel or a drag moves, a click seeks, a
          double click shows a segment whole.
        </p>
      </DialogContent>
    </Dialog>
  )
}
