import { matches } from './naming.ts'

/**
 * What the addresses of a template (RFC 6570) look like, as a pattern for `matches`: an expression may stand for anything,
 * whatever its variables are called. Whether there is such a resource, its server says.
 */
export const templatePattern = (template: string): string => template.replace(/\{[^{}]*\}/g, '*')

/** Whether one text can match both patterns. What lies between two stars never keeps two patterns apart: a star takes it in. */
export function overlap(one: string, other: string): boolean {
  if (!one.includes('*')) return matches(other, one)
  if (!other.includes('*')) return matches(one, other)
  const [heads, tails] = [[head(one), head(other)] as const, [tail(one), tail(other)] as const]
  return (
    (heads[0].startsWith(heads[1]) || heads[1].startsWith(heads[0])) &&
    (tails[0].endsWith(tails[1]) || tails[1].endsWith(tails[0]))
  )
}

const head = (pattern: string): string => pattern.slice(0, pattern.indexOf('*'))
const tail = (pattern: string): string => pattern.slice(pattern.lastIndexOf('*') + 1)
