/** Longest name every known client accepts beside its own prefix (some count 60 or 64 with the server's name in it). */
export const maxNameLength = 45

/**
 * `Toolkit_ToolName`. Characters that not every client accepts become `_`; a name that is too long keeps its beginning and
 * ends in a hash of the whole, so that it stays the same and does not meet another. Null when nothing valid is left.
 */
export function offeredName(prefix: string, localName: string): string | null {
  const safe = /^[A-Za-z0-9_-]+$/.test(localName) ? localName : trimmed(localName.replace(/[^A-Za-z0-9_-]+/g, '_'))
  if (!/[A-Za-z0-9]/.test(safe)) return null
  const name = prefix === '' ? safe : `${prefix}_${trimmed(safe)}`
  return name.length <= maxNameLength
    ? name
    : `${name.slice(0, maxNameLength - 8)}_${shortHash(`${prefix} ${localName}`)}`
}

const trimmed = (name: string): string => name.replace(/^[_-]+|[_-]+$/g, '')

/** FNV-1a, 32 bits. It only has to be stable: two names that meet are caught as a collision. */
function shortHash(text: string): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0
  return hash.toString(36).padStart(7, '0')
}

/** Two names that some client would take for one: they differ in case, or in `-` and `_`. */
export function nameKey(name: string): string {
  return name.toLowerCase().replaceAll('-', '_')
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
