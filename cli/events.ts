import type { Args, Command } from './command.ts'
import { Fault, exitCodes, text } from './command.ts'
import type { Event } from './event-text.ts'
import { columnsOf, detailsOf } from './event-text.ts'
import { follow, pause } from './follow-events.ts'
import { aligned } from './main.ts'

const names = ['user', 'agent', 'gateway', 'tool', 'session', 'call', 'type', 'decision', 'outcome', 'text'] as const
const options = {
  ...Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
  since: { type: 'string' },
  until: { type: 'string' },
} as const
const usage = `${names.map((name) => `[--${name} <${name}>]`).join(' ')} [--since <time>] [--until <time>]`

const filterHelp = `--type      such as tool.outcome, or identity.* for all of a kind
--decision  permit, deny or approve      --outcome  done, failed, refused or unknown
--since     15m, 2h, 7d ago, or a date such as 2026-11-22T08:00:00Z
--text      anywhere in the event; a search looks at 5,000 events at a time`

export const list: Command = {
  usage: `${usage} [--limit <n>] [--follow]`,
  help: `Newest last, as in a log. With --follow it goes on with what happens from now on.

${filterHelp}

Example: npm run behalf -- events --decision deny --since 1d --follow`,
  options: { ...options, limit: { type: 'string' }, follow: { type: 'boolean' } },
  async run(args, { api, print, printJson, note, json }) {
    const limit = countOf(args)
    const query = queryOf(args, Date.now())
    const follows = args.values['follow'] === true
    const { indexedUpTo } = follows ? await api.get<{ indexedUpTo: number }>('/ledger') : { indexedUpTo: 0 }
    const found: Event[] = []
    for await (const event of api.all<Event>('/events', { ...query, limit: Math.min(limit, 200) })) {
      found.push(event)
      if (found.length >= limit) break
    }
    found.reverse()
    if (!follows) printJson(found)
    else if (json) for (const event of found) printJson(event)
    if (found.length === 0 && !follows) print('Nothing of that kind is on record.')
    for (const line of aligned(found.map(columnsOf))) print(line)
    if (!follows) return
    // Events come into the search in the order of their sequence: up to the last one shown there is nothing more.
    const after = Math.max(indexedUpTo - 1, ...found.map((event) => event.sequence))
    for await (const event of follow({ api, note, pause }, query, after)) {
      printJson(event)
      print(columnsOf(event).join('  '))
    }
  },
}

export const exportAll: Command = {
  usage: `${usage} [--format <ndjson|csv>]`,
  help: `To standard output, newest first. Cells of a CSV file that a spreadsheet would run are made text.

${filterHelp}

Example: npm run behalf -- events export --format csv --since 7d > events.csv`,
  options: { ...options, format: { type: 'string' } },
  async run(args, { api, print }) {
    const format = text(args.values['format']) ?? 'ndjson'
    for await (const line of api.lines('/events/export', { ...queryOf(args, Date.now()), format }))
      print(line.replace(/\r$/, ''))
  },
}

export const story: Command = {
  usage: '<call>',
  help: 'Intent, consent, approval and outcome of one call, oldest first, with everything that was recorded. An agent is\ntold the id of its call in every refusal.',
  async run({ positionals: [call = ''] }, { api, print, printJson }) {
    const { items } = await api.get<{ items: Event[] }>(`/calls/${encodeURIComponent(call)}`)
    printJson(items)
    for (const event of items) {
      print(columnsOf(event).slice(0, 6).join('  '))
      for (const line of detailsOf(event)) print(line)
    }
  },
}

function countOf({ values }: Args): number {
  const limit = Number(text(values['limit']) ?? 50)
  if (!Number.isInteger(limit) || limit < 1) throw new Fault('--limit is a number of events.', exitCodes.usage)
  return limit
}

function queryOf({ values }: Args, now: number): Record<string, string | undefined> {
  return {
    ...Object.fromEntries(names.map((name) => [name, text(values[name])])),
    from: timeOf('--since', text(values['since']), now),
    to: timeOf('--until', text(values['until']), now),
  }
}

const units: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A time ago, or a date. */
export function timeOf(option: string, value: string | undefined, now: number): string | undefined {
  if (value === undefined) return undefined
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(value) ?? []
  const at = count === undefined ? Date.parse(value) : now - Number(count) * (units[unit ?? ''] ?? 0)
  if (Number.isNaN(at)) throw new Fault(`${option}: ${value} is neither a time ago (2h) nor a date.`, exitCodes.usage)
  return String(at)
}
