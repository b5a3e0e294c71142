/** `*` stands for any run of characters, also none; `\*` is a star and `\\` a backslash. Nothing else is special. */
export type Glob = { parts: readonly string[] }

export const hasWildcard = (pattern: string): boolean => parseGlob(pattern).parts.length > 1

export function parseGlob(pattern: string): Glob {
  const parts = ['']
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern.charAt(i)
    if (c === '*') parts.push('')
    else parts[parts.length - 1] += c === '\\' && i + 1 < pattern.length ? pattern.charAt(++i) : c
  }
  return { parts }
}

/** Takes each literal part at its first place and never goes back, so the time is linear in the text (attack case 51). */
export function matchesGlob(glob: Glob, text: string): boolean {
  const { parts } = glob
  const first = parts[0] ?? ''
  if (parts.length === 1) return text === first
  const last = parts[parts.length - 1] ?? ''
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
  const end = text.length - last.length
  let at = first.length
  for (let i = 1; i < parts.length - 1; i++) {
    const part = parts[i] ?? ''
    const found = text.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}
