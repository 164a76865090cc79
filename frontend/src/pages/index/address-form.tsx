import { type FormEvent, useState } from 'react'
import { Field } from '../../components/field.tsx'
import { Textarea } from '../../components/ui/input.tsx'
import { useToast } from '../../components/ui/toast.tsx'
import { plural } from '../../lib/format.ts'
import { StartRow } from './form-parts.tsx'
import { placeFaults } from './ingest-faults.ts'
import { MAX_VIDEOS, parseAddresses } from './ingest-values.ts'
import { useStart } from './use-start.ts'

const SHOWN = ['urls', 'taxonomy'] as const

/** Takes videos by their addresses, one a line; wrong lines are named before anything is sent. */
export function AddressForm() {
  const [text, setText] = useState('')
  const [taxonomy, setTaxonomy] = useState<string | null>(null)
  const [wasSent, setWasSent] = useState(false)
  const toast = useToast()
  const start = useStart(() => {
    toast(`Started: ${plural(urls.length, 'address', 'addresses')}`)
    setText('')
    setWasSent(false)
  })
  const { urls, wrong } = parseAddresses(text)
  const faults = placeFaults(start.error, SHOWN)
  const fault = wrong.length > 0 ? wrongText(wrong) : ownFault(urls.length)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setWasSent(true)
    if (!fault) start.mutate({ urls, ...(taxonomy ? { taxonomy } : {}) })
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-3" noValidate>
      <Field
        label="Addresses, one a line"
        // While the last line is being typed it is not wrong yet.
        fault={(wasSent && fault) || faults.fields.urls}
        hint={
          <>
            Pages of YouTube, TikTok, Instagram, Wikimedia Commons and other sites, or files.
            {urls.length > 0 && ` ${plural(urls.length, 'address', 'addresses')}.`}
          </>
        }
      >
        {(props) => (
          <Textarea
            {...props}
            data-way="addresses"
            rows={4}
            spellCheck={false}
            className="font-mono text-xs"
            placeholder="https://commons.wikimedia.org/wiki/File:Lathe.webm"
            value={text}
            onBlur={() => setWasSent(wasSent || wrong.length > 0)}
            onChange={(event) => {
              setText(event.target.value)
              start.reset()
            }}
          />
        )}
      </Field>
      <StartRow
        taxonomy={taxonomy}
        onTaxonomy={setTaxonomy}
        faults={faults}
        isPending={start.isPending}
      />
    </form>
  )
}

function ownFault(count: number): string | null {
  if (count === 0) return 'Give at least one address.'
  if (count > MAX_VIDEOS) return `One task takes at most ${MAX_VIDEOS} addresses, not ${count}.`
  return null
}

function wrongText(wrong: { line: number; text: string }[]): string {
  const shown = wrong.slice(0, 3).map(({ line, text }) => `line ${line}: ${text}`)
  const more = wrong.length > 3 ? `; and ${wrong.length - 3} more` : ''
  return `Not an http or https address: ${shown.join('; ')}${more}`
}
