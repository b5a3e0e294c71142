import type { Json, JsonObject } from '../core/json.ts'
import type { Question } from './decision.ts'
import type { Truth } from './truth.ts'

/** One evaluation. Made per decision; `leaf` and `actual` remember the clause that was read last, which is the one that decided. */
export type Context = {
  question: Question
  now: number
  /** True for lists: "could it be permitted at some moment of this session, with some arguments?" */
  could: boolean
  /** True when a missing connection is not yet known rather than missing. */
  mayConnect: boolean
  /** The arguments in question; null when they are unknown. */
  args: JsonObject | null
  /** The element, inside `every` and `some`. */
  item: Json | undefined
  leaf: Leaf | null
  actual: Json | undefined
}

/** What a clause says, for reasons. */
export type Leaf = { clause: string; expected: Json }

export type Check = (context: Context) => Truth
