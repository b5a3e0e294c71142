import { z } from 'zod'

/** Epoch milliseconds, or a date and time as ISO 8601. */
const time = z
  .union([
    z
      .string()
      .regex(/^\d{1,16}$/)
      .transform(Number),
    z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
  ])
  .describe('ISO 8601 or epoch milliseconds.')
const word = z.string().min(1).max(200)

/** What somebody looks for. Everything that is given must hold. */
export const eventFilters = {
  user: word.optional().describe('Id of a person or service account.'),
  agent: word.optional(),
  gateway: word.optional(),
  tool: word.optional(),
  session: word.optional(),
  call: word.optional().describe('One call: its intent, its outcome and what happened on the way.'),
  type: word.optional().describe('Such as `tool.outcome`, or `identity.*`.'),
  decision: z.enum(['permit', 'deny', 'approve']).optional(),
  outcome: z.enum(['done', 'failed', 'refused', 'unknown']).optional(),
  from: time.optional(),
  to: time.optional().describe('Up to and not including.'),
  text: z.string().min(2).max(200).optional().describe('Anywhere in the event, the payload not among it.'),
}

const shape = z.object(eventFilters)
export type EventFilters = z.output<typeof shape>

/** The last row of the page before. */
export type Place = { at: number; sequence: number; ledger: string }

export const placeText = ({ at, sequence, ledger }: Place): string => `${at}:${sequence}:${ledger}`

export function readPlace(text: string): Place | null {
  const [, at, sequence, ledger] = /^(-?\d{1,16}):(\d{1,16}):(.{1,300})$/.exec(text) ?? []
  return ledger === undefined ? null : { at: Number(at), sequence: Number(sequence), ledger }
}

/** Rows that a search for text looks at in one go: what keeps it fast however long the record is. */
export const searchedRows = 20_000

export type Statement = { sql: string; values: (string | number)[] }

/**
 * Newest first. One column leads, and its index is named: SQLite has no statistics here to choose well by. The extra
 * conditions are those of the partial indexes.
 */
export function pageStatement(project: string, filters: EventFilters, after: Place | null, limit: number): Statement {
  const values: (string | number)[] = [project]
  const conditions = ['project = ?']
  const lead = leading(filters)
  const add = (sql: string, ...more: (string | number)[]): void => {
    conditions.push(sql)
    values.push(...more)
  }
  for (const column of columns) {
    const value = filters[column]
    if (value === undefined) continue
    const [operator, wanted] = column === 'type' && value.endsWith('*') ? ['GLOB', globOf(value)] : ['=', value]
    add(`"${column}" ${operator} ?`, wanted)
    if (column === lead && partial[column]) conditions.push(partial[column])
  }
  if (filters.from !== undefined) add('at >= ?', filters.from)
  if (filters.to !== undefined) add('at < ?', filters.to)
  if (after) add('(at, sequence, ledger) < (?, ?, ?)', after.at, after.sequence, after.ledger)
  const rows = `SELECT ledger, sequence, id, at, "user", leaf, payload FROM events INDEXED BY events_${lead ?? 'at'} WHERE ${conditions.join(' AND ')}
    ORDER BY at DESC, sequence DESC, ledger DESC`
  if (filters.text === undefined) return { sql: `${rows} LIMIT ?`, values: [...values, limit] }
  return {
    sql: `SELECT * FROM (${rows} LIMIT ${searchedRows}) WHERE instr(lower(leaf), lower(?)) > 0 LIMIT ?`,
    values: [...values, filters.text, limit],
  }
}

/** Where a search for text stopped looking; null when it saw everything. */
export function searchEndStatement(project: string, filters: EventFilters, after: Place | null): Statement {
  const { text: _, ...rest } = filters
  const { sql, values } = pageStatement(project, rest, after, searchedRows)
  return { sql: `SELECT at, sequence, ledger FROM (${sql}) LIMIT 1 OFFSET ${searchedRows - 1}`, values }
}

const columns = ['call', 'user', 'type', 'decision', 'outcome', 'agent', 'tool', 'gateway', 'session'] as const
type Column = (typeof columns)[number]

const partial: Partial<Record<Column, string>> = {
  type: `substr(type, 1, 5) <> 'tool.'`,
  decision: `decision <> 'permit'`,
  outcome: `outcome <> 'done'`,
}

/** The most selective index first. A partial index leads only when what is asked for is in it. */
function leading(filters: EventFilters): Column | null {
  const usable = (column: Column): boolean => {
    const value = filters[column]
    if (value === undefined || column === 'session') return false
    if (column === 'type') return !value.startsWith('tool.') && !value.includes('*')
    if (column === 'decision') return value !== 'permit'
    return column !== 'outcome' || value !== 'done'
  }
  return columns.find(usable) ?? null
}

/** Only the star of our own kind: the other characters of GLOB are taken as they are. */
const globOf = (pattern: string): string => pattern.replaceAll(/[?[]/g, '[$&]')
