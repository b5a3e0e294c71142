import type { Args, Command } from './command.ts'
import { Fault, exitCodes, text } from './command.ts'
import { day } from './list.ts'
import { aligned } from './main.ts'

type Settings = { searchableDays: number | null; keptDays: number | null; searchableMegabytes: number }
type Part = { from: number; to: number; key: string; bytes: number; lastAt: number; state: string }
type Retention = {
  settings: Settings
  records: number
  archivedUpTo: number
  expiredUpTo: number
  searchableBytes: number
  d1Bytes: number | null
  ledgerBytes: number
  alarms: string[]
  parts: Part[]
}

export const show: Command = {
  usage: '',
  help: 'How long the record is kept, where it lies, and what needs attention.',
  async run(_, { api, print, printJson }) {
    const it = await api.get<Retention>('/retention')
    printJson(it)
    print(described(it.settings))
    print(
      `${it.records} records: ${it.records - it.archivedUpTo} searchable (${megabytes(it.searchableBytes)}), ` +
        `${it.archivedUpTo - it.expiredUpTo} in the archive, ${it.expiredUpTo} no longer kept`,
    )
    print(`D1: ${it.d1Bytes === null ? 'not known yet' : megabytes(it.d1Bytes)}; ledger: ${megabytes(it.ledgerBytes)}`)
    for (const alarm of it.alarms) print(`ATTENTION: ${alarm}. docs/operations.md says what to do.`)
    for (const line of aligned(it.parts.map(rowOf))) print(line)
  },
}

export const set: Command = {
  usage: '[--searchable <days|always>] [--kept <days|always>] [--megabytes <n>]',
  help: `--searchable  days that events stay in D1, where they are searched; then they go to the archive
--kept        days that they are kept at all
--megabytes   what the record may take of D1; beyond it the oldest goes to the archive

What is not said stays as it is. The archive needs the bucket ARCHIVE (wrangler.toml); without it nothing leaves D1 before
it is no longer kept. Moving begins within the hour.

Example: npm run behalf -- retention set --searchable 90 --kept 2555`,
  options: { searchable: { type: 'string' }, kept: { type: 'string' }, megabytes: { type: 'string' } },
  async run(args, { api, print, printJson }) {
    const { settings } = await api.get<Retention>('/retention')
    const wanted = {
      searchableDays: daysOf(args, 'searchable', settings.searchableDays),
      keptDays: daysOf(args, 'kept', settings.keptDays),
      searchableMegabytes: Number(text(args.values['megabytes']) ?? settings.searchableMegabytes),
    }
    const saved = await api.send<Settings>('PUT', '/retention', wanted)
    printJson(saved)
    print(described(saved))
  },
}

export const run: Command = {
  usage: '',
  help: 'Moves to the archive, and deletes, what is due now instead of within the hour.',
  async run(_, { api, print, printJson }) {
    const it = await api.send<Pick<Retention, 'archivedUpTo' | 'expiredUpTo' | 'alarms'>>('POST', '/retention/run')
    printJson(it)
    print(`In the archive up to record ${it.archivedUpTo}, no longer kept up to record ${it.expiredUpTo}`)
    for (const alarm of it.alarms) print(`ATTENTION: ${alarm}. docs/operations.md says what to do.`)
  },
}

function daysOf({ values }: Args, name: string, now: number | null): number | null {
  const given = text(values[name])
  if (given === undefined) return now
  if (given === 'always') return null
  if (!/^[1-9]\d{0,4}$/.test(given)) throw new Fault(`--${name} is a number of days, or always.`, exitCodes.usage)
  return Number(given)
}

const described = ({ searchableDays, keptDays, searchableMegabytes }: Settings): string =>
  `Searchable ${searchableDays === null ? 'as long as there is room' : `for ${searchableDays} days`} ` +
  `(at most ${searchableMegabytes} MB), kept ${keptDays === null ? 'for ever' : `for ${keptDays} days`}`

const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(1)} MB`

const rowOf = ({ from, to, key, bytes, lastAt, state }: Part): string[] => [
  `${from} to ${to - 1}`,
  state,
  `until ${day(lastAt)}`,
  megabytes(bytes),
  state === 'expired' ? '' : key,
]
