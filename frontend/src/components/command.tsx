import { Check, Copy } from 'lucide-react'
import { useState } from 'react'
import { cn } from '../lib/cn.ts'

/** A command to run in a terminal, with a button that copies it. */
export function Command({ text, className }: { text: string; className?: string }) {
  const [copied, setCopied] = useState(false)
  return (
    <span
      className={cn(
        'inline-flex max-w-full items-center gap-1 rounded-sm border border-line bg-ground pl-2 font-mono text-xs text-ink',
        className,
      )}
    >
      <code className="truncate py-1">{text}</code>
      <button
        type="button"
        aria-label={copied ? 'Copied' : `Copy the command ${text}`}
        className="rounded-sm p-1.5 text-dim hover:text-ink"
        onClick={async () => {
          await navigator.clipboard?.writeText(text)
          setCopied(true)
          window.setTimeout(() => setCopied(false), 2000)
        }}
      >
        {copied ? <Check className="size-3.5 text-ok" /> : <Copy className="size-3.5" />}
      </button>
    </span>
  )
}
