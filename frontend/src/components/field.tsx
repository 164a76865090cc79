import { type ReactNode, useId } from 'react'
import { cn } from '../lib/cn.ts'
import { Label } from './ui/input.tsx'

interface FieldProps {
  label: string
  hint?: ReactNode
  /** What is wrong with the value, by the server or by us; null or undefined when nothing is. */
  fault?: string | null | undefined
  className?: string
  /** Gives the control; spread `props` on it, they tie it to label, hint and fault. */
  children: (props: {
    id: string
    'aria-invalid': boolean
    'aria-describedby': string | undefined
  }) => ReactNode
}

/** A labelled control with what is expected below it, and what is wrong with it. */
export function Field({ label, hint, fault, className, children }: FieldProps) {
  const id = useId()
  const described = [hint ? `${id}-hint` : '', fault ? `${id}-fault` : ''].filter(Boolean).join(' ')
  return (
    <div className={cn('flex min-w-0 flex-col gap-1.5', className)}>
      <Label htmlFor={id}>{label}</Label>
      {children({ id, 'aria-invalid': Boolean(fault), 'aria-describedby': described || undefined })}
      {hint && (
        <div id={`${id}-hint`} className="text-xs text-faint">
          {hint}
        </div>
      )}
      <div id={`${id}-fault`} role="alert" className="text-xs break-words text-bad empty:hidden">
        {fault}
      </div>
    </div>
  )
}
