import { z } from 'zod'
import { utf8 } from '../../core/bytes.ts'
import type { EventType } from '../event.ts'

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
export const searchedRows = 5_000

export type Statement = { sql: string; values: (string | number)[] }

/**
 * Newest first. One column leads, and its index is named: SQLite has no statistics here to choose well by. The extra
 * conditions are those of the partial indexes.
 */
export function pageStatement(project: string, given: EventFilters, after: Place | null, limit: number): Statement {
  const filters = completed(given)
  const values: (string | number)[] = []
  const bound = (value: string | number): string => `?${values.push(value)}`
  const conditions = [`project = ${bound(project)}`]
  const lead = leading(filters)
  const some = lead === null ? typesOf(filters.type) : null
  for (const column of columns) {
    const value = filters[column]
    if (value === undefined || (column === 'type' && some !== null)) continue
    const [operator, wanted] = column === 'type' && value.endsWith('*') ? ['GLOB', globOf(value)] : ['=', value]
    conditions.push(`"${column}" ${operator} ${bound(wanted)}`)
    if (column === lead && partial[column]) conditions.push(partial[column])
  }
  if (filters.from !== undefined) conditions.push(`at >= ${bound(filters.from)}`)
  if (filters.to !== undefined) conditions.push(`at < ${bound(filters.to)}`)
  if (after)
    conditions.push(`(at, sequence, ledger) < (${bound(after.at)}, ${bound(after.sequence)}, ${bound(after.ledger)})`)
  const most = bound(filters.text === undefined ? limit : searchedRows)
  const rows = (index: string, more: readonly string[]): string =>
    `SELECT ledger, sequence, id, at, "user", leaf, payload FROM events INDEXED BY events_${index}
      WHERE ${[...conditions, ...more].join(' AND ')} ${newestFirst} LIMIT ${most}`
  const sql = some === null ? rows(lead ?? 'at', []) : eachType(some, rows, most)
  if (filters.text === undefined) return { sql, values }
  // The first is three times as fast and takes 50 bytes at most (D1); the second is exact and looks at what the first found.
  const like = `leaf LIKE ${bound(likePattern(filters.text))} ESCAPE '\\'`
  const found = `${like} AND instr(lower(leaf), lower(${bound(filters.text)})) > 0`
  return { sql: `SELECT * FROM (${sql}) WHERE ${found} LIMIT ${bound(limit)}`, values }
}

/** Its beginning, as far as it fits, anywhere in the text. */
function likePattern(text: string): string {
  let pattern = '%'
  for (const character of text) {
    const next = /[%_\\]/.test(character) ? `\\${character}` : character
    if (utf8(pattern + next).length > 48) break
    pattern += next
  }
  return `${pattern}%`
}

const newestFirst = 'ORDER BY at DESC, sequence DESC, ledger DESC'

/** One walk along the index for each type, and the newest of all of them: what is rare is not looked for among calls. */
function eachType(
  types: readonly EventType[],
  rows: (index: string, more: readonly string[]) => string,
  most: string,
): string {
  const walks = types.map((type) => `SELECT * FROM (${rows('type', [`"type" = '${type}'`, partial.type ?? ''])})`)
  return `SELECT * FROM (${union(walks)}) ${newestFirst} LIMIT ${most}`
}

/** D1 takes five parts in one compound, and compounds in compounds. */
function union(parts: readonly string[]): string {
  if (parts.length <= 5) return parts.join(' UNION ALL ')
  const groups = Array.from({ length: Math.ceil(parts.length / 5) }, (_, n) => parts.slice(n * 5, n * 5 + 5))
  return union(groups.map((group) => `SELECT * FROM (${group.join(' UNION ALL ')})`))
}

/** Every refusal has this outcome, and there is an index of it. */
const completed = (filters: EventFilters): EventFilters =>
  filters.type === 'tool.refused' && filters.outcome === undefined ? { ...filters, outcome: 'refused' } : filters

/** The types that `identity.*` stands for; null when calls are among them: those are everywhere. */
function typesOf(pattern: string | undefined): EventType[] | null {
  if (pattern === undefined || !pattern.endsWith('*')) return null
  const found = eventTypes.filter((type) => type.startsWith(pattern.slice(0, -1)))
  return found.length === 0 || found.some((type) => type.startsWith('tool.')) ? null : found
}

/** Where a search for text stopped looking; null when it saw everything. */
export function searchEndStatement(project: string, filters: EventFilters, after: Place | null): Statement {
  const { text: _, ...rest } = filters
  const { sql, values } = pageStatement(project, rest, after, searchedRows)
  return { sql: `SELECT at, sequence, ledger FROM (${sql}) LIMIT 1 OFFSET ${searchedRows - 1}`, values }
}

const columns = ['call', 'session', 'user', 'type', 'decision', 'outcome', 'agent', 'tool', 'gateway'] as const
type Column = (typeof columns)[number]

const partial: Partial<Record<Column, string>> = {
  session: 'session IS NOT NULL',
  type: `substr(type, 1, 5) <> 'tool.'`,
  decision: `decision <> 'permit'`,
  outcome: `outcome <> 'done'`,
}

/** The most selective index first. A partial index leads only when what is asked for is in it. */
function leading(filters: EventFilters): Column | null {
  const usable = (column: Column): boolean => {
    const value = filters[column]
    if (value === undefined) return false
    if (column === 'type') return !value.startsWith('tool.') && !value.includes('*')
    if (column === 'decision') return value !== 'permit'
    return column !== 'outcome' || value !== 'done'
  }
  return columns.find(usable) ?? null
}

/** Complete: a type that is missing here does not compile. */
const types: Record<EventType, true> = {
  'tool.intent': true,
  'tool.outcome': true,
  'tool.refused': true,
  'identity.signed_in': true,
  'identity.sign_in_failed': true,
  'identity.signed_out': true,
  'identity.consented': true,
  'identity.consent_denied': true,
  'identity.token_issued': true,
  'identity.token_refreshed': true,
  'identity.token_reused': true,
  'identity.grant_revoked': true,
  'identity.key_created': true,
  'identity.key_used': true,
  'identity.key_revoked': true,
  'session.started': true,
  'session.ended': true,
  'session.refused': true,
  'connect.offered': true,
  'connect.started': true,
  'connect.completed': true,
  'connect.failed': true,
  'connect.user_mismatch': true,
  'vault.refreshed': true,
  'vault.refresh_failed': true,
  'vault.revoked': true,
  'vault.integrity': true,
  'vault.shredded': true,
  'approval.requested': true,
  'approval.decided': true,
  'gateway.published': true,
  'gateway.disabled': true,
  'gateway.names_hidden': true,
  'admin.changed': true,
  'admin.read': true,
  'directory.changed': true,
  'upstream.changed': true,
  'upstream.quarantined': true,
  'upstream.health': true,
  'catalog.tool_missing': true,
  'audit.checkpoint': true,
  'audit.archived': true,
  'audit.expired': true,
  'audit.sink_changed': true,
}
export const eventTypes = Object.keys(types) as EventType[]

/** Only the star of our own kind: the other characters of GLOB are taken as they are. */
const globOf = (pattern: string): string => pattern.replaceAll(/[?[]/g, '[$&]')
