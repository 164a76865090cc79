/** A named value in a JSON document; `path` as JavaScript would write it. */
export interface Entry {
  name: string
  value: unknown
  path: string
}

/** What is directly in an array or an object; nothing for anything else. */
export function entriesOf(value: unknown, path: string): Entry[] {
  if (Array.isArray(value))
    return value.map((each, index) => ({
      name: String(index),
      value: each,
      path: `${path}[${index}]`,
    }))
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).map(([name, each]) => ({
      name,
      value: each,
      path: /^[A-Za-z_$][\w$]*$/.test(name)
        ? `${path}.${name}`
        : `${path}[${JSON.stringify(name)}]`,
    }))
  return []
}

/** Whether a name or a plain value in it contains `q`, which is in lower case. */
export function matches(value: unknown, name: string, q: string): boolean {
  if (name.toLowerCase().includes(q)) return true
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value)
      ? value.some((each) => matches(each, '', q))
      : Object.entries(value).some(([key, each]) => matches(each, key, q))
  return String(value).toLowerCase().includes(q)
}

/** The beginning of a value in a line: `{label: "person", …}` is `{3}`, texts are cut. */
export function summaryOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.length}]`
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value)
    const named = ['label', 'name', 'text', 'title', 'tag']
      .map((key) => (value as Record<string, unknown>)[key])
      .find((each) => typeof each === 'string')
    return `{${keys.length}}${named ? ` ${String(named).slice(0, 40)}` : ''}`
  }
  return JSON.stringify(value) ?? 'undefined'
}
