import { useMutation } from '@tanstack/react-query'
import { type ReactNode, useEffect } from 'react'
import { Button } from './ui/button.tsx'
import { Dialog, DialogClose, DialogContent } from './ui/dialog.tsx'

interface ConfirmDialogProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: string
  /** What will be lost and what stays. */
  description: string
  /** The verb on the button: `Delete the export`. */
  action: string
  /** Closes the dialog when it is done; what it throws is shown inside. */
  onConfirm: () => Promise<unknown>
  children?: ReactNode
}

/** Asks before something that cannot be taken back. */
export function ConfirmDialog({
  open,
  onOpenChange,
  title,
  description,
  action,
  onConfirm,
  children,
}: ConfirmDialogProps) {
  const doing = useMutation({ mutationFn: onConfirm, onSuccess: () => onOpenChange(false) })
  const { isError, reset } = doing
  // However it was closed, and also when the failure came only afterwards.
  useEffect(() => {
    if (!open && isError) reset()
  }, [open, isError, reset])
  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <DialogContent title={title} description={description}>
        {children}
        <p role="alert" className="text-sm text-bad empty:hidden">
          {doing.error?.message}
        </p>
        <div className="flex flex-wrap justify-end gap-2">
          <DialogClose asChild>
            <Button>Keep it</Button>
          </DialogClose>
          <Button variant="danger" disabled={doing.isPending} onClick={() => doing.mutate()}>
            {action}
          </Button>
        </div>
      </DialogContent>
    </Dialog>
  )
}
