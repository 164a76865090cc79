import { cn } from '../lib/cn.ts'

/** Some exclusive choices side by side; by keyboard and by voice they are the browser's own radios. */
export function Segmented<T extends string>({
  name,
  legend,
  value,
  choices,
  onChange,
  className,
}: {
  name: string
  legend: string
  value: T
  choices: readonly { value: T; label: string }[]
  onChange: (value: T) => void
  className?: string
}) {
  return (
    <fieldset
      className={cn('inline-flex rounded-md border border-line bg-ground p-0.5', className)}
    >
      <legend className="sr-only">{legend}</legend>
      {choices.map((choice) => (
        <label
          key={choice.value}
          className={cn(
            'cursor-pointer rounded-sm px-2 py-1 text-xs has-focus-visible:outline-2 has-focus-visible:outline-amber',
            choice.value === value ? 'bg-hover text-ink' : 'text-dim hover:text-ink',
          )}
        >
          <input
            type="radio"
            name={name}
            value={choice.value}
            checked={choice.value === value}
            onChange={() => onChange(choice.value)}
            className="sr-only"
          />
          {choice.label}
        </label>
      ))}
    </fieldset>
  )
}
