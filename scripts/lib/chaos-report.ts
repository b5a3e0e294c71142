export type Ended = { title: string; answered: boolean }

export type RecordedCall = {
  id: string
  type: 'tool.intent' | 'tool.outcome' | 'tool.refused'
  call: string
  outcome?: string
  payload: { arguments?: { title?: string } } | null
}

export type Counts = {
  calls: number
  answered: number
  reached: number
  /** Outcomes that are `unknown`: the process died during the call. */
  unknown: number
  /** Reached the service, or was answered, and has no intent. */
  lost: number
  /** Has an intent and no outcome, not even `unknown`. */
  open: number
  /** Events of one id, intents of one call, outcomes of one call, beyond the first. */
  duplicated: number
  /** Events in D1 that a sink does not have. */
  missingInSinks: number
  /** Events a sink has more than once. */
  duplicatedInSinks: number
  events: number
}

export type ChaosReport = Counts & {
  kills: number
  recoveredMs: number
  /** Faults an offline verification found. */ ledger: number
}

type Seen = {
  ended: readonly Ended[]
  titles: ReadonlyMap<string, number>
  events: readonly RecordedCall[]
  sinks: Readonly<Record<string, readonly string[]>>
}

/** What was done, held against what is on record. */
export function compare({ ended, titles, events, sinks }: Seen): Counts {
  const intents = new Map<string, string[]>()
  const outcomes = new Map<string, string[]>()
  for (const event of events) {
    if (event.type === 'tool.intent') add(intents, event.payload?.arguments?.title ?? '', event.call)
    if (event.type === 'tool.outcome') add(outcomes, event.call, event.outcome ?? '')
  }
  const mustHaveIntent = new Set([...titles.keys(), ...ended.filter((one) => one.answered).map((one) => one.title)])
  const inSinks = Object.values(sinks).map((ids) => counted(ids))
  return {
    calls: ended.length,
    answered: ended.filter((one) => one.answered).length,
    reached: titles.size,
    events: events.length,
    unknown: [...outcomes.values()].flat().filter((outcome) => outcome === 'unknown').length,
    lost: [...mustHaveIntent].filter((title) => !intents.has(title)).length,
    open: [...intents.values()].flat().filter((call) => !outcomes.has(call)).length,
    duplicated: events.length - new Set(events.map(({ id }) => id)).size + beyondFirst(intents) + beyondFirst(outcomes),
    missingInSinks: inSinks.reduce((sum, ids) => sum + events.filter(({ id }) => !ids.has(id)).length, 0),
    duplicatedInSinks: inSinks.reduce((sum, ids) => sum + [...ids.values()].filter((count) => count > 1).length, 0),
  }
}

/** True when the record kept what it promises. */
export const holds = (report: ChaosReport): boolean =>
  [report.lost, report.open, report.duplicated, report.missingInSinks, report.duplicatedInSinks, report.ledger].every(
    (count) => count === 0,
  ) && report.reached > 0

function add(map: Map<string, string[]>, key: string, value: string): void {
  map.set(key, [...(map.get(key) ?? []), value])
}

const beyondFirst = (map: ReadonlyMap<string, readonly string[]>): number =>
  [...map.values()].reduce((sum, values) => sum + values.length - 1, 0)

function counted(ids: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1)
  return counts
}
