/**
 * Colours of labels on timeline and picture. Each keeps 3:1 on the dark ground; the brief's four
 * activities have colours of their own, every other label always gets the same one from its name.
 */
const NAMED: Record<string, string> = {
  tool_usage: '#f5a623',
  machine_operation: '#58a6ff',
  safety_check: '#4fc784',
  automated_process: '#c58bff',
  person: '#58a6ff',
}

const PALETTE = [
  '#ff9c6b',
  '#6fd6c9',
  '#e59cf0',
  '#b9d15c',
  '#ff8fa8',
  '#8fb4ff',
  '#f0cd5a',
  '#7fdc8f',
  '#d6a684',
  '#9fd0ee',
]

export function colorOf(label: string): string {
  const named = NAMED[label]
  if (named) return named
  let hash = 0
  for (const character of label) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0
  return PALETTE[hash % PALETTE.length] ?? '#ff9c6b'
}
