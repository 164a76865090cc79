import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { estimateIngestion } from '../../api/tasks.ts'
import { Field } from '../../components/field.tsx'
import { Button } from '../../components/ui/button.tsx'
import { Input, Select } from '../../components/ui/input.tsx'
import { useToast } from '../../components/ui/toast.tsx'
import { AdvancedFields, NO_RULES, RULE_FIELDS, type Rules, rulesBody } from './advanced-fields.tsx'
import { EstimateBox } from './estimate-box.tsx'
import { FormFault, StartButton, TaxonomyField } from './form-parts.tsx'
import type { Way } from './ingest-card.tsx'
import { placeFaults } from './ingest-faults.ts'
import { countInWords, DEFAULT_VIDEOS, MAX_VIDEOS } from './ingest-values.ts'
import { askedText, platformName } from './task-words.ts'
import { useStart } from './use-start.ts'

const PLATFORMS = ['youtube', 'commons', 'archive', 'nasa', 'any', 'tiktok', 'instagram'] as const
/** Sources of videos that anyone may use, under a licence that is kept. */
const OPEN: ReadonlySet<string> = new Set(['commons', 'archive', 'nasa'])
type Platform = (typeof PLATFORMS)[number]
const SHOWN = ['query', 'platform', 'max_videos', 'taxonomy', ...RULE_FIELDS] as const

/** Looks for videos by words on a platform. */
export function WordsForm({ onWay }: { onWay: (way: Way) => void }) {
  const [query, setQuery] = useState('')
  const [platform, setPlatform] = useState<Platform>('youtube')
  // Null until someone writes into the field: then the words may name the count.
  const [count, setCount] = useState<string | null>(null)
  const [taxonomy, setTaxonomy] = useState<string | null>(null)
  const [rules, setRules] = useState<Rules>(NO_RULES)
  const estimate = useMutation({ mutationFn: estimateIngestion })
  const toast = useToast()
  const start = useStart((task) => {
    toast(`Started: ${askedText(task)}`)
    setQuery('')
    setCount(null)
    estimate.reset()
  })
  const shownCount = count ?? String(countInWords(query) ?? DEFAULT_VIDEOS)
  const faults = placeFaults(start.error ?? estimate.error, SHOWN)
  const isLinkOnly = platform === 'tiktok' || platform === 'instagram'
  const body = {
    query: query.trim(),
    platform,
    max_videos: Number(shownCount),
    ...(taxonomy ? { taxonomy } : {}),
    ...rulesBody(rules),
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    estimate.reset()
    start.mutate(body)
  }
  const ask = (button: HTMLButtonElement) => {
    if (!button.form?.reportValidity()) return
    start.reset()
    estimate.mutate(body)
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <Field label="What to look for" fault={faults.fields.query}>
        {(props) => (
          <Input
            {...props}
            data-way="words"
            required
            maxLength={1000}
            placeholder="CNC machining, or 200 videos of MIG welding"
            autoComplete="off"
            value={query}
            onChange={(event) => setQuery(event.target.value)}
          />
        )}
      </Field>
      <div className="grid grid-cols-2 items-start gap-3 sm:flex">
        <Field
          label="Platform"
          fault={faults.fields.platform}
          className="sm:w-52"
          hint={OPEN.has(platform) ? 'Openly licensed; the licence is kept.' : undefined}
        >
          {(props) => (
            <Select
              {...props}
              value={platform}
              onChange={(event) => setPlatform(event.target.value as Platform)}
            >
              {PLATFORMS.map((each) => (
                <option key={each} value={each}>
                  {platformName(each)}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label="How many" fault={faults.fields.max_videos} className="sm:w-28">
          {(props) => (
            <Input
              {...props}
              type="number"
              inputMode="numeric"
              required
              min={1}
              max={MAX_VIDEOS}
              step={1}
              value={shownCount}
              onChange={(event) => setCount(event.target.value)}
            />
          )}
        </Field>
        <TaxonomyField value={taxonomy} onChange={setTaxonomy} fault={faults.fields.taxonomy} />
        <div className="flex gap-2 max-sm:col-span-2 max-sm:flex-col sm:ml-auto sm:pt-[1.4375rem]">
          <Button
            disabled={estimate.isPending}
            onClick={(event) => ask(event.currentTarget)}
            className="max-sm:w-full"
          >
            {estimate.isPending ? 'Looking…' : 'Estimate'}
          </Button>
          <StartButton isPending={start.isPending} />
        </div>
      </div>
      <AdvancedFields rules={rules} onChange={setRules} faults={faults.fields} />
      {estimate.data && <EstimateBox found={estimate.data} />}
      {isLinkOnly && (
        <p className="text-xs text-dim">
          Searching {platformName(platform)} by words needs an Apify token on the server. Without
          one,{' '}
          <Button variant="link" className="text-xs" onClick={() => onWay('addresses')}>
            give addresses of its videos
          </Button>
          .
        </p>
      )}
      <FormFault text={faults.rest} />
    </form>
  )
}
