import type { Condition } from './condition.ts'
import { clausesOf, selectorsOf } from './walk-condition.ts'

/** The labels, with `*`, that a condition asks for anywhere within it. */
export function taintPatterns(condition: Condition): string[] {
  return clausesOf(condition).flatMap((clause) => [
    ...(clause.taint === undefined ? [] : [clause.taint].flat()),
    ...selectorsOf(clause).flatMap(({ where }) => (where === undefined ? [] : taintPatterns(where))),
  ])
}
