import type { Condition } from './condition.ts'

/** The labels, with `*`, that a condition asks for anywhere within it. */
export function taintPatterns({ taint, all = [], any = [], not }: Condition): string[] {
  const own = taint === undefined ? [] : typeof taint === 'string' ? [taint] : taint
  return [...own, ...[...all, ...any, ...(not === undefined ? [] : [not])].flatMap(taintPatterns)]
}
