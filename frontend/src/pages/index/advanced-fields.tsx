import { ChevronDown } from 'lucide-react'
import type { IngestBody } from '../../api/tasks.ts'
import { Field } from '../../components/field.tsx'
import { Input, Select } from '../../components/ui/input.tsx'
import type { IngestField, PlacedFaults } from './ingest-faults.ts'

/** The rules of a search as they stand in the form; empty where nothing is limited. */
export interface Rules {
  expand: boolean
  duplicates: 'allow' | 'skip'
  relevance: string
  gigabytes: string
  minutes: string
  dollars: string
}

export const NO_RULES: Rules = {
  expand: false,
  duplicates: 'allow',
  relevance: '',
  gigabytes: '',
  minutes: '',
  dollars: '',
}

/** The fields that stand in this part of the form. */
export const RULE_FIELDS = [
  'expand',
  'duplicates',
  'min_relevance',
  'max_bytes',
  'max_seconds',
  'max_usd',
] as const satisfies readonly IngestField[]

/** The rules as the request has them; what is left empty is left out. */
export function rulesBody(rules: Rules): Partial<IngestBody> {
  const { relevance, gigabytes, minutes, dollars } = rules
  return {
    ...(rules.expand ? { expand: true } : {}),
    ...(rules.duplicates === 'skip' ? { duplicates: 'skip' } : {}),
    ...(relevance === '' ? {} : { min_relevance: Number(relevance) }),
    ...(gigabytes === '' ? {} : { max_bytes: Math.round(Number(gigabytes) * 1e9) }),
    ...(minutes === '' ? {} : { max_seconds: Number(minutes) * 60 }),
    ...(dollars === '' ? {} : { max_usd: Number(dollars) }),
  }
}

/** What a search takes, and what it may cost at most. */
export function AdvancedFields({
  rules,
  onChange,
  faults,
}: {
  rules: Rules
  onChange: (rules: Rules) => void
  faults: PlacedFaults['fields']
}) {
  const set = (change: Partial<Rules>) => onChange({ ...rules, ...change })
  const number = (
    label: string,
    name: 'relevance' | 'gigabytes' | 'minutes' | 'dollars',
    fault: string | undefined,
    limits: { min: number; max?: number; step: 'any' },
    hint?: string,
  ) => (
    <Field label={label} fault={fault} hint={hint}>
      {(props) => (
        <Input
          {...props}
          type="number"
          inputMode="decimal"
          placeholder="no limit"
          {...limits}
          value={rules[name]}
          onChange={(event) => set({ [name]: event.target.value })}
        />
      )}
    </Field>
  )
  const isFaulty = RULE_FIELDS.some((name) => faults[name])
  return (
    <details className="group" open={isFaulty || undefined}>
      <summary className="flex w-fit cursor-pointer list-none items-center gap-1 text-xs text-dim">
        <ChevronDown className="size-3.5 transition-transform group-open:rotate-180" aria-hidden />
        Advanced
      </summary>
      <div className="mt-2 grid grid-cols-2 items-start gap-3 sm:grid-cols-3">
        {number(
          'Least relevance',
          'relevance',
          faults.min_relevance,
          { min: 0, max: 1, step: 'any' },
          '0 to 1: how well frames and words fit. 0 takes all; empty is 0.2.',
        )}
        <Field label="Look-alikes" fault={faults.duplicates}>
          {(props) => (
            <Select
              {...props}
              value={rules.duplicates}
              onChange={(event) => set({ duplicates: event.target.value as Rules['duplicates'] })}
            >
              <option value="allow">flag them</option>
              <option value="skip">take one of them</option>
            </Select>
          )}
        </Field>
        <Field label="More words" fault={faults.expand}>
          {(props) => (
            <Select
              {...props}
              value={rules.expand ? 'yes' : 'no'}
              onChange={(event) => set({ expand: event.target.value === 'yes' })}
            >
              <option value="no">search these words alone</option>
              <option value="yes">go on with the taxonomy's</option>
            </Select>
          )}
        </Field>
        {number('Most gigabytes', 'gigabytes', faults.max_bytes, { min: 0.001, step: 'any' })}
        {number('Most minutes of searching', 'minutes', faults.max_seconds, {
          min: 0.1,
          step: 'any',
        })}
        {number('Most dollars', 'dollars', faults.max_usd, { min: 0, step: 'any' })}
      </div>
    </details>
  )
}
