import { addressPairs } from './addresses.ts'
import { callPairs } from './calls.ts'
import { definitionPairs } from './definitions.ts'
import { hangingPairs } from './hanging.ts'
import type { Pair } from './kit.ts'
import { resultPairs } from './results.ts'
import { templatePairs } from './templates.ts'

/** The kit of hostile upstreams. */
export const allPairs: readonly Pair[] = [
  ...definitionPairs,
  ...callPairs,
  ...addressPairs,
  ...hangingPairs,
  ...templatePairs,
  ...resultPairs,
]
