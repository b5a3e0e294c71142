import type { Expr, PatternElem } from '@cedar-policy/cedar-wasm/nodejs'
import { parseGlob } from '../../src/policy/glob.ts'

/** Short words for Cedar's JSON policy format (docs.cedarpolicy.com/policies/json-format.html). */
export type { Expr }

type Variable = 'principal' | 'action' | 'resource' | 'context'

export const variable = (name: Variable): Expr => ({ Var: name })
export const value = (literal: string | number | boolean): Expr => ({ Value: literal })
export const entity = (type: string, id: string): Expr => ({ Value: { __entity: { type, id } } })
export const set = (items: readonly Expr[]): Expr => ({ Set: [...items] })
export const get = (left: Expr, ...path: readonly string[]): Expr =>
  path.reduce<Expr>((at, attr) => ({ '.': { left: at, attr } }), left)
export const has = (left: Expr, attr: string): Expr => ({ has: { left, attr } })
export const not = (arg: Expr): Expr => ({ '!': { arg } })
export const contains = (left: Expr, right: Expr): Expr => ({ contains: { left, right } })
export const containsAll = (left: Expr, right: Expr): Expr => ({ containsAll: { left, right } })
export const isIn = (left: Expr, right: Expr): Expr => ({ in: { left, right } })
export const equal = (left: Expr, right: Expr): Expr => ({ '==': { left, right } })
export const atMost = (left: Expr, right: Expr): Expr => ({ '<=': { left, right } })
export const below = (left: Expr, right: Expr): Expr => ({ '<': { left, right } })
export const atLeast = (left: Expr, right: Expr): Expr => ({ '>=': { left, right } })
export const above = (left: Expr, right: Expr): Expr => ({ '>': { left, right } })
export const minus = (left: Expr, right: Expr): Expr => ({ '-': { left, right } })
export const call = (name: string, ...args: Expr[]): Expr => ({ [name]: args }) as unknown as Expr

/** Read from left to right, and the first that decides, decides: as conditions are. Groups within groups are the same chain. */
export const and = (...parts: readonly [Expr, ...Expr[]]): Expr => chain('&&', parts)
export const or = (...parts: readonly [Expr, ...Expr[]]): Expr => chain('||', parts)

function chain(operator: '&&' | '||', parts: readonly Expr[]): Expr {
  return parts
    .flatMap((part) => links(operator, part))
    .reduce((left, right) => ({ [operator]: { left, right } }) as Expr)
}

function links(operator: string, expr: Expr): Expr[] {
  const [[name, body] = ['', null]] = Object.entries(expr)
  if (name !== operator) return [expr]
  const { left, right } = body as { left: Expr; right: Expr }
  return [...links(operator, left), ...links(operator, right)]
}

/** Errs on anything but a text, which `==` would not. */
export const like = (left: Expr, pattern: readonly PatternElem[]): Expr => ({ like: { left, pattern: [...pattern] } })
export const isText = (left: Expr): Expr => like(left, ['Wildcard'])
export const literally = (left: Expr, text: string): Expr => like(left, text === '' ? [] : [{ Literal: text }])
export const globbed = (left: Expr, glob: string): Expr => like(left, patternOf(glob))

export function patternOf(glob: string): PatternElem[] {
  return parseGlob(glob).parts.flatMap((part, i): PatternElem[] => [
    ...(i > 0 ? (['Wildcard'] as const) : []),
    ...(part === '' ? [] : [{ Literal: part }]),
  ])
}
