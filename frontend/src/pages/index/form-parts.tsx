import { useQuery } from '@tanstack/react-query'
import { CircleAlert, Play } from 'lucide-react'
import type { ReactNode } from 'react'
import { taxonomiesQuery } from '../../api/stats.ts'
import { Field } from '../../components/field.tsx'
import { Button } from '../../components/ui/button.tsx'
import { Select } from '../../components/ui/input.tsx'

/** What is wrong with a form as a whole. */
export function FormFault({ text }: { text: string | null | undefined }) {
  return (
    <div role="alert" className="empty:hidden">
      {text && (
        <p className="flex items-start gap-2 rounded-md border border-bad/40 bg-bad-soft px-3 py-2 text-sm text-bad">
          <CircleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
          <span className="min-w-0 break-words">{text}</span>
        </p>
      )}
    </div>
  )
}

export function StartButton({ isPending, children }: { isPending: boolean; children?: ReactNode }) {
  return (
    <Button type="submit" variant="primary" disabled={isPending} className="max-sm:w-full">
      <Play /> {isPending ? 'Starting…' : (children ?? 'Start')}
    </Button>
  )
}

/** The words that labels and categories come from. Not shown where there is only one choice. */
export function TaxonomyField({
  value,
  onChange,
  fault,
}: {
  /** Null for the server's default. */
  value: string | null
  onChange: (name: string) => void
  fault?: string | undefined
}) {
  const { data } = useQuery(taxonomiesQuery())
  if (!data || data.items.length < 2) return null
  const chosen =
    data.items.find(({ name }) => name === value) ?? data.items.find((item) => item.is_default)
  return (
    <Field label="Taxonomy" fault={fault} hint={chosen?.description} className="sm:w-52">
      {(props) => (
        <Select
          {...props}
          value={chosen?.name ?? ''}
          onChange={(event) => onChange(event.target.value)}
        >
          {data.items.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </Select>
      )}
    </Field>
  )
}

/** The end of a form: taxonomy, start button, and what is wrong with the form as a whole. */
export function StartRow({
  taxonomy,
  onTaxonomy,
  faults,
  isPending,
}: {
  taxonomy: string | null
  onTaxonomy: (name: string) => void
  faults: { fields: { taxonomy?: string | undefined }; rest: string | null }
  isPending: boolean
}) {
  return (
    <>
      <div className="flex flex-wrap items-end gap-3">
        <TaxonomyField value={taxonomy} onChange={onTaxonomy} fault={faults.fields.taxonomy} />
        <div className="max-sm:w-full sm:ml-auto">
          <StartButton isPending={isPending} />
        </div>
      </div>
      <FormFault text={faults.rest} />
    </>
  )
}
