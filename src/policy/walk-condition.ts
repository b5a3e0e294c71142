import type { Condition, Reference, StepSelector } from './condition.ts'

/** `call`: it is asked of the same thing as its parent. `element`: of the elements of a list. `step`: of an earlier call's arguments. */
export type Child = { path: (string | number)[]; condition: Condition; asks: 'call' | 'element' | 'step' }

/** What stands directly within a condition, and where. The one place that knows which keys hold conditions. */
export function childrenOf({ all = [], any = [], not, every, some, ...facts }: Condition): Child[] {
  const child = (asks: Child['asks'], condition: Condition | undefined, ...path: Child['path']): Child[] =>
    condition === undefined ? [] : [{ path, condition, asks }]
  return [
    ...all.flatMap((one, i) => child('call', one, 'all', i)),
    ...any.flatMap((one, i) => child('call', one, 'any', i)),
    ...child('call', not, 'not'),
    ...child('element', every, 'every'),
    ...child('element', some, 'some'),
    ...selectorKeys.flatMap((key) => child('step', facts[key]?.where, key, 'where')),
  ]
}

/** The condition and every one within it that is asked of this call; what is asked of earlier ones is in `selectorsOf`. */
export function clausesOf(condition: Condition): Condition[] {
  const within = childrenOf(condition).filter(({ asks }) => asks !== 'step')
  return [condition, ...within.flatMap((child) => clausesOf(child.condition))]
}

const selectorKeys = ['after', 'notAfter', 'steps'] as const

/** The steps of the session that this clause itself asks about. */
export const selectorsOf = (clause: Condition): StepSelector[] =>
  selectorKeys.map((key) => clause[key]).filter((selector) => selector !== undefined)

/** The other values that this clause itself is compared with. */
export const referencesOf = ({ in: among, notIn, subsetOf, sameAs }: Condition): Reference[] =>
  [among, notIn, subsetOf, sameAs].filter(
    (operand): operand is Reference => operand !== undefined && !Array.isArray(operand),
  )
