import { addressPairs } from './addresses.ts'
import { callPairs } from './calls.ts'
import { definitionPairs } from './definitions.ts'
import type { Pair } from './kit.ts'
import { resultPairs } from './results.ts'

/** The kit of hostile upstreams. */
export const allPairs: readonly Pair[] = [...definitionPairs, ...callPairs, ...addressPairs, ...resultPairs]
