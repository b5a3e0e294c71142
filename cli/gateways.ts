import type { Difference } from '../src/gateways/diff.ts'
import type { Command } from './command.ts'
import { Fault, exitCodes, text } from './command.ts'
import type { LeftOut } from './left-out-text.ts'
import { leftOutLines } from './left-out-text.ts'
import { day, listCommand } from './list.ts'
import { aligned } from './main.ts'
import { differenceText } from './plan-text.ts'

type Gateway = { name: string; version: number; enabled: boolean; updatedAt: number }
type Version = { version: number; createdAt: number; createdBy: string; note: string | null }
type Reach = { sessions: number; pending: number }

const path = (name: string | undefined): string => `/gateways/${encodeURIComponent(name ?? '')}`

export const list = listCommand<Gateway>({
  path: '/gateways',
  help: 'Name, live version, whether it is switched on, and when it last changed.',
  row: ({ name, version, enabled, updatedAt }) => [name, `version ${version}`, enabled ? 'on' : 'OFF', day(updatedAt)],
  empty: 'There are no gateways. Apply a document: npm run behalf -- apply <file>',
})

export const show: Command = {
  usage: '<gateway>',
  help: 'How a gateway is doing: its live version, its sessions, and what it does not offer although its document says so.',
  async run({ positionals }, context) {
    const one = await context.api.get<Gateway & { leftOut: LeftOut[]; live: { sessions: number } }>(
      path(positionals[0]),
    )
    context.printJson(one)
    const { name, version, enabled, leftOut, live } = one
    const sessions = live.sessions === 1 ? '1 session' : `${live.sessions} sessions`
    context.print(`${name} is ${enabled ? 'on' : 'OFF'} at version ${version}, with ${sessions}.`)
    if (leftOut.length === 0) context.print('It offers all that its document says.')
    for (const line of leftOutLines([{ gateway: name, version, leftOut }])) context.print(line)
  },
}

export const versions: Command = {
  usage: '<gateway>',
  help: 'Every version with who made it and why, newest first.',
  async run({ positionals }, context) {
    const rows: Version[] = []
    for await (const one of context.api.all<Version>(`${path(positionals[0])}/versions`)) rows.push(one)
    context.printJson(rows)
    const lines = rows.map((one) => [`${one.version}`, day(one.createdAt), one.createdBy, one.note ?? ''])
    for (const line of aligned(lines)) context.print(line)
  },
}

export const diff: Command = {
  usage: '<gateway> <from> <to>',
  help: 'What changed from one version to another. Example: npm run behalf -- gateways diff engineering 3 5',
  async run({ positionals: [name, from, to] }, context) {
    const query = { from: whole(from), to: whole(to) }
    const { differences } = await context.api.get<{ differences: Difference[] }>(`${path(name)}/diff`, query)
    context.printJson(differences)
    if (differences.length === 0) context.print('They are the same.')
    for (const line of differences.flatMap(differenceText)) context.print(line)
  },
}

export const rollback: Command = {
  usage: '<gateway> <version> [--note <text>]',
  help: `Makes the document of an earlier version live again, as a new version. A gateway that was switched off stays off.`,
  options: { note: { type: 'string' } },
  async run({ positionals: [name, version], values }, context) {
    const to = whole(version)
    const { version: base } = await context.api.get<Gateway>(path(name))
    const body = { to, base, note: text(values['note']) ?? null }
    const done = await context.api.send<{ version: number }>('POST', `${path(name)}/rollback`, body)
    context.printJson(done)
    context.print(`${name}: version ${done.version} is live, with the document of version ${to}.`)
  },
}

const switched = (on: boolean): Command => ({
  usage: '<gateway>',
  help: on
    ? 'Takes back what disable did.'
    : 'Kill switch: every session of the gateway ends now, and none begins. Applying a document does not undo it; enable does.',
  async run({ positionals: [name] }, context) {
    const reach = await context.api.send<Reach>('POST', `${path(name)}/${on ? 'enable' : 'disable'}`)
    context.printJson(reach)
    const rest = reach.pending > 0 ? ` ${reach.pending} sessions did not answer yet and are tried again.` : ''
    context.print(on ? `${name} is on.` : `${name} is off. ${reach.sessions} sessions ended.${rest}`)
  },
})

export const enable = switched(true)
export const disable = switched(false)

function whole(value: string | undefined): number {
  const number = Number(value)
  if (!Number.isSafeInteger(number) || number < 1) throw new Fault(`${value} is not a version.`, exitCodes.usage)
  return number
}
