import { type FormEvent, useState } from 'react'
import { Field } from '../../components/field.tsx'
import { Button } from '../../components/ui/button.tsx'
import { Input } from '../../components/ui/input.tsx'
import { useToast } from '../../components/ui/toast.tsx'
import { StartRow } from './form-parts.tsx'
import type { Way } from './ingest-card.tsx'
import { placeFaults } from './ingest-faults.ts'
import { useStart } from './use-start.ts'

const SHOWN = ['path', 'taxonomy'] as const

/** Takes the videos in a folder of the server's own machine. */
export function FolderForm({ onWay }: { onWay: (way: Way) => void }) {
  const [path, setPath] = useState('')
  const [taxonomy, setTaxonomy] = useState<string | null>(null)
  const toast = useToast()
  const start = useStart((task) => {
    toast(`Started: ${task.path ?? 'the folder'}`)
    setPath('')
  })
  const faults = placeFaults(start.error, SHOWN)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    start.mutate({ platform: 'folder', path: path.trim(), ...(taxonomy ? { taxonomy } : {}) })
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <Field
        label="Folder on the server"
        fault={faults.fields.path}
        hint={
          <>
            The server reads it itself, with its subfolders, if its operator allows it by{' '}
            <code className="font-mono">FORGEINDEX_IMPORT_DIRS</code>. For files on this computer{' '}
            <Button variant="link" className="text-xs" onClick={() => onWay('upload')}>
              upload them
            </Button>
            .
          </>
        }
      >
        {(props) => (
          <Input
            {...props}
            data-way="folder"
            required
            spellCheck={false}
            autoComplete="off"
            className="font-mono text-xs"
            placeholder="/srv/videos/line-3"
            value={path}
            onChange={(event) => {
              setPath(event.target.value)
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
