import type { Path } from '../../src/policy/path.ts'
import type { Side } from '../../src/policy/policy.ts'
import type { Expr } from './expression.ts'
import type { Subject } from './vocabulary.ts'

/** Looks into Cedar's JSON expressions, whose only key is the operator. */
type Node = { operator: string; body: unknown }

export function nodeOf(expr: Expr): Node {
  const [[operator, body] = ['', null]] = Object.entries(expr)
  return { operator, body }
}

export function binary(expr: Expr, operator: string): { left: Expr; right: Expr } | null {
  const node = nodeOf(expr)
  return node.operator === operator ? (node.body as { left: Expr; right: Expr }) : null
}

export function argumentOf(expr: Expr, operator: string): Expr | null {
  const node = nodeOf(expr)
  return node.operator === operator ? (node.body as { arg: Expr }).arg : null
}

/** `a && b && c` as its parts, however it is nested. */
export function flatten(expr: Expr, operator: '&&' | '||'): Expr[] {
  const both = binary(expr, operator)
  return both === null ? [expr] : [...flatten(both.left, operator), ...flatten(both.right, operator)]
}

/** `context.arguments.x` as variable and names. */
export function accessOf(expr: Expr): { variable: string; names: string[] } | null {
  const { operator, body } = nodeOf(expr)
  if (operator === 'Var') return { variable: body as string, names: [] }
  if (operator !== '.') return null
  const { left, attr } = body as { left: Expr; attr: string }
  const inner = accessOf(left)
  return inner === null ? null : { ...inner, names: [...inner.names, attr] }
}

export type Placed = { subject: Subject | 'tool' | 'context'; names: string[] }

/** Whose value it is, in our words. */
export function placeOf(expr: Expr, side: Side): Placed | null {
  const access = accessOf(expr)
  if (access === null) return null
  const { variable, names } = access
  if (variable === 'principal') return { subject: side, names }
  if (variable === 'resource') return { subject: 'tool', names }
  if (variable !== 'context') return null
  const [first, ...rest] = names
  if (first === 'arguments') return { subject: 'argument', names: rest }
  if (first === 'user' || first === 'agent' || first === 'connection') return { subject: first, names: rest }
  return { subject: 'context', names }
}

export const pathOf = (names: readonly string[]): Path =>
  names.some((name) => name.includes('.')) ? [...names] : names.join('.')

export function literalOf(expr: Expr): string | number | boolean | null {
  const { operator, body } = nodeOf(expr)
  if (operator === 'neg') {
    const positive = literalOf((body as { arg: Expr }).arg)
    return typeof positive === 'number' ? -positive : null
  }
  if (operator !== 'Value') return null
  return typeof body === 'string' || typeof body === 'number' || typeof body === 'boolean' ? body : null
}

export function entityOf(expr: Expr, type: string): string | null {
  const { operator, body } = nodeOf(expr)
  if (operator !== 'Value' || typeof body !== 'object' || body === null || !('__entity' in body)) return null
  const uid = body.__entity as { type: string; id: string }
  return uid.type === type ? uid.id : null
}

export function setOf<T>(expr: Expr, read: (item: Expr) => T | null): T[] | null {
  const { operator, body } = nodeOf(expr)
  if (operator !== 'Set') return null
  const items = (body as Expr[]).map(read)
  return items.includes(null) ? null : (items as T[])
}

/** Our glob for a `like` pattern. */
export function globOf(pattern: readonly ('Wildcard' | { Literal: string })[]): {
  glob: string
  literal: string | null
} {
  const text = (part: { Literal: string }): string => part.Literal
  const literal = pattern.includes('Wildcard')
    ? null
    : pattern.map((part) => (part === 'Wildcard' ? '' : text(part))).join('')
  const glob = pattern.map((part) => (part === 'Wildcard' ? '*' : text(part).replace(/[\\*]/g, '\\$&'))).join('')
  return { glob, literal }
}

export function likeOf(expr: Expr): { left: Expr; glob: string; literal: string | null } | null {
  const { operator, body } = nodeOf(expr)
  if (operator !== 'like') return null
  const { left, pattern } = body as { left: Expr; pattern: ('Wildcard' | { Literal: string })[] }
  return { left, ...globOf(pattern) }
}

export function hasOf(expr: Expr): { left: Expr; names: string[] } | null {
  const { operator, body } = nodeOf(expr)
  if (operator !== 'has') return null
  const { left, attr } = body as { left: Expr; attr: string | string[] }
  return { left, names: typeof attr === 'string' ? [attr] : attr }
}
