import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { Command } from './command.ts'
import { Fault } from './command.ts'
import { day } from './list.ts'
import { aligned } from './main.ts'
import { plainText } from '../src/audit/neutralise.ts'

type Status = {
  waiting: number
  waitingSince: number | null
  delivered: number
  deliveredAt: number | null
  deadLetters: number
  failures: number
  error: string | null
}
type Sink = { id: string; enabled: boolean; settings: { kind: string }; status: Status | null }

export const list: Command = {
  usage: '',
  help: 'Where the record is sent, what waits, and what went wrong last.',
  async run(_, { api, print, printJson }) {
    const { items } = await api.get<{ items: Sink[] }>('/sinks')
    printJson(items)
    if (items.length === 0) print('The record is sent nowhere. Set up a sink: npm run behalf -- sink set <file>')
    for (const line of aligned(items.map(rowOf))) print(line)
  },
}

function rowOf({ id, enabled, settings, status }: Sink): string[] {
  return [
    id,
    settings.kind,
    enabled ? 'on' : 'OFF',
    `${status?.delivered ?? 0} sent, last ${day(status?.deliveredAt ?? null)}`,
    `${status?.waiting ?? 0} waiting`,
    `${status?.deadLetters ?? 0} refused`,
    status?.error ? `FAILS ${status.failures} times: ${status.error}` : '',
  ]
}

export const set: Command = {
  usage: '<file> [--secret]',
  help: `The file is YAML or JSON: id, settings (kind and what that kind needs; docs/audit.md lists them), enabled.
With --secret the credential is read from standard input, so that it stands in no file. Without it, the one that is
there stays.

Example: npm run behalf -- sink set splunk.yaml --secret < token.txt`,
  options: { secret: { type: 'boolean' } },
  async run({ positionals: [file = ''], values }, { api, print, printJson, readSecret }) {
    const { id, ...rest } = readSink(file)
    const secret = values['secret'] === true ? { secret: await readSecret('Secret of the sink') } : {}
    const sink = await api.send<Sink>('PUT', `/sinks/${encodeURIComponent(id)}`, { ...rest, ...secret })
    printJson(sink)
    print(`${sink.id} is set up. Try it: npm run behalf -- sink test ${sink.id}`)
  },
}

function readSink(file: string): { id: string } {
  try {
    const value: unknown = parse(readFileSync(file, 'utf8'))
    if (typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string')
      return { ...value, id: value.id }
  } catch (cause) {
    throw new Fault(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
  throw new Fault(`${file}: a sink has an id.`)
}

type TestAnswer = { ok: boolean; reason: string; status: number | null; answer: string }

/** Where to look first, by what came back. */
export function hintOf({ ok, reason, status }: TestAnswer): string | undefined {
  if (ok) return undefined
  const [, hint] =
    hints.find(([what]) => (typeof what === 'number' ? status === what : reason.startsWith(what))) ??
    (status !== null && status >= 500 ? [status, 'The receiver is in trouble. What waits here is not lost.'] : [])
  return hint
}

const hints: readonly (readonly [number | string, string])[] = [
  ['egress/unreachable', 'Nobody answers at this address: look at its name, its port and its certificate.'],
  ['egress/timeout', 'It took the connection and did not answer within 30 seconds.'],
  ['egress/blocked', 'An address that may not be called. BEHALF_EGRESS_ALLOW names hosts that may be all the same.'],
  ['a web page', 'The URL leads to a sign-in page or a proxy, not to the receiver.'],
  ['token', 'Microsoft Entra gave no token: look at tenant, clientId and the secret.'],
  [400, 'It does not like the event itself: look at the index, the stream or the format.'],
  [401, 'The secret is not accepted: set it again with --secret.'],
  [403, 'The secret is known, or the address is, but it may not do this.'],
  [404, 'There is nothing under this path: look at url and at what the kind adds to it.'],
  [405, 'There is something else under this path: look at url and at what the kind adds to it.'],
  [413, 'Even one event is too large for it, or for a proxy on the way.'],
  [429, 'It has too much to do just now. What waits here is not lost.'],
]

export const test: Command = {
  usage: '<id>',
  help: 'Sends one event that says it is a test, past the queue, and shows what the receiver answered.',
  async run({ positionals: [id = ''] }, { api, print, printJson }) {
    const answer = await api.send<TestAnswer>('POST', `/sinks/${encodeURIComponent(id)}/test`)
    printJson(answer)
    print(answer.ok ? 'The receiver took it.' : `The receiver did not take it: ${answer.reason}`)
    const hint = hintOf(answer)
    if (hint !== undefined) print(hint)
    if (answer.status !== null) print(`${answer.status} ${plainText(answer.answer)}`.trim())
    return answer.ok ? 0 : 1
  },
}

export const remove: Command = {
  usage: '<id>',
  help: 'Nothing more is sent there, and how far it had got is forgotten. The record itself stays.',
  async run({ positionals: [id = ''] }, { api, print, printJson }) {
    printJson(await api.send('DELETE', `/sinks/${encodeURIComponent(id)}`))
    print(`${id} is deleted.`)
  },
}

export const deadLetters: Command = {
  usage: '<id> [--retry]',
  help: 'What the receiver refused for good, by sequence, and why. With --retry it is sent once more.',
  options: { retry: { type: 'boolean' } },
  async run({ positionals: [id = ''], values }, { api, print, printJson }) {
    const path = `/sinks/${encodeURIComponent(id)}/dead-letters`
    if (values['retry'] === true) {
      const { delivered } = await api.send<{ delivered: number }>('POST', `${path}/retry`)
      printJson({ delivered })
      return print(`${delivered} records arrived this time.`)
    }
    type Letter = { from: number; to: number; count: number; reason: string; at: number }
    const { items } = await api.get<{ items: Letter[] }>(path)
    printJson(items)
    if (items.length === 0) print('Nothing was refused.')
    const rows = items.map(({ from, to, count, reason, at }) => [
      day(at),
      from === to ? `${from}` : `${count} of ${from} to ${to}`,
      reason,
    ])
    for (const line of aligned(rows)) print(line)
  },
}
