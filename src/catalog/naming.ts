/** Longest name every known client accepts beside its own prefix. */
export const maxNameLength = 45

/** `Toolkit_ToolName`. Characters that not every client accepts become `_`; null when nothing valid is left. */
export function offeredName(prefix: string, localName: string): string | null {
  const clean = localName.replace(/[^A-Za-z0-9_]+/g, '_').replace(/^_+|_+$/g, '')
  const name = prefix === '' ? clean : `${prefix}_${clean}`
  return clean !== '' && name.length <= maxNameLength ? name : null
}

/** `my-server` gives `MyServer`. */
export function prefixOf(sourceName: string): string {
  return sourceName
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
    .slice(0, 20)
}

/** `*` stands for any characters; everything else for itself. Linear in the name's length for each `*`. */
export function matches(pattern: string, name: string): boolean {
  const parts = pattern.split('*')
  const first = parts[0] ?? ''
  if (parts.length === 1) return pattern === name
  const last = parts[parts.length - 1] ?? ''
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false
  let at = first.length
  const end = name.length - last.length
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}
