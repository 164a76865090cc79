const NAMED: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  lrm: '',
  rlm: '',
}

/** A text with its HTML character references resolved; unknown ones stay as they are. */
export function resolveEntities(text: string): string {
  return text.replaceAll(
    /&(?:#(\d{1,8})|#x([0-9a-f]{1,8})|(\w{1,8}));/gi,
    (whole: string, decimal?: string, hex?: string, name?: string) => {
      if (name) return NAMED[name.toLowerCase()] ?? whole
      const code = decimal ? Number(decimal) : Number.parseInt(hex ?? '', 16)
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
    },
  )
}
