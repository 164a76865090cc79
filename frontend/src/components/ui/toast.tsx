import { CircleAlert, CircleCheck, X } from 'lucide-react'
import { createContext, type ReactNode, useCallback, useContext, useState } from 'react'
import { cn } from '../../lib/cn.ts'

interface Message {
  id: number
  text: string
  tone: 'ok' | 'bad'
}

const ToastContext = createContext<(text: string, tone?: Message['tone']) => void>(() => {})

/** Says in a corner that something was done or failed; for what the page itself does not show. */
export function useToast() {
  return useContext(ToastContext)
}

const SHOWN_MS = 6_000
let nextId = 1

export function ToastProvider({ children }: { children: ReactNode }) {
  const [messages, setMessages] = useState<Message[]>([])
  const close = useCallback(
    (id: number) => setMessages((all) => all.filter((each) => each.id !== id)),
    [],
  )
  const show = useCallback(
    (text: string, tone: Message['tone'] = 'ok') => {
      const id = nextId++
      setMessages((all) => [...all.slice(-3), { id, text, tone }])
      window.setTimeout(() => close(id), SHOWN_MS)
    },
    [close],
  )
  return (
    <ToastContext value={show}>
      {children}
      <div
        role="status"
        aria-live="polite"
        className="pointer-events-none fixed right-4 bottom-4 left-4 z-50 flex flex-col items-end gap-2"
      >
        {messages.map(({ id, text, tone }) => (
          <div
            key={id}
            className={cn(
              'pointer-events-auto flex max-w-md items-start gap-2 rounded-md border bg-raised px-3 py-2 text-sm shadow-lg',
              tone === 'ok' ? 'border-ok/40' : 'border-bad/50',
            )}
          >
            {tone === 'ok' ? (
              <CircleCheck className="mt-0.5 size-4 shrink-0 text-ok" />
            ) : (
              <CircleAlert className="mt-0.5 size-4 shrink-0 text-bad" />
            )}
            <span className="min-w-0 break-words">{text}</span>
            <button
              type="button"
              aria-label="Close this message"
              onClick={() => close(id)}
              className="rounded-sm p-0.5 text-dim hover:text-ink"
            >
              <X className="size-3.5" />
            </button>
          </div>
        ))}
      </div>
    </ToastContext>
  )
}
