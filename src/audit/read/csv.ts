import type { Json } from '../../core/json.ts'
import { plainLine } from '../neutralise.ts'
import type { EventView } from './event-view.ts'

const columns: readonly [name: string, value: (event: EventView) => Json | undefined][] = [
  ['time', (event) => new Date(event.at).toISOString()],
  ['type', (event) => event.type],
  ['user', (event) => event.user],
  ['agent', (event) => event.agent],
  ['gateway', (event) => event.gateway],
  ['tool', (event) => event.tool],
  ['decision', (event) => event.decision],
  ['outcome', (event) => event.outcome],
  ['session', (event) => event.session],
  ['call', (event) => event.call],
  ['id', (event) => event.id],
  ['ledger', (event) => event.ledger],
  ['sequence', (event) => event.sequence],
  ['attributes', (event) => event.attributes],
  ['payload', (event) => event.payload ?? undefined],
]

export const csvHead = `${columns.map(([name]) => name).join(',')}\r\n`

export const csvLine = (event: EventView): string => `${columns.map(([, value]) => cell(value(event))).join(',')}\r\n`

/**
 * RFC 4180, every cell quoted. A spreadsheet runs a cell that begins with one of these as a formula, quoted or not: an
 * apostrophe in front makes it text (attack case 59). Some take the wide forms for the same.
 */
function cell(value: Json | undefined): string {
  const text = value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value)
  const plain = plainLine(text).replaceAll('"', '""')
  return `"${/^\s*[=+\-@|%＝＋－＠]/.test(text) ? `'${plain}` : plain}"`
}
