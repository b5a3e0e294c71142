import { isToolWorker } from '../src/core/tool-worker.ts'
import { needsOf, upstreamSettingsSchema } from '../src/catalog/upstream-settings.ts'
import type { Args, Command, Context } from './command.ts'
import { Fault, exitCodes, text } from './command.ts'
import { listCommand } from './list.ts'
import { aligned } from './main.ts'
import type { Republished } from './left-out-text.ts'
import { leftOutLines } from './left-out-text.ts'
import { eraText, healthText } from './health-text.ts'
import type { Health } from './health-text.ts'
import type { Pin } from './pin-text.ts'
import { pinLines, pinRows } from './pin-text.ts'
import { pkcs8 } from './pkcs8.ts'
import { at } from './upstream-add.ts'
import type { Stands } from './upstream-replaced.ts'

type Upstream = {
  id: string
  url: string
  enabled: boolean
  era: string | null
  health: Health
  behind: boolean
}
export const list = listCommand<Upstream>({
  path: '/upstreams',
  help: 'MCP servers of the project and how they are doing.',
  row: (one) => [
    one.id,
    one.url,
    isToolWorker(one.url) ? 'tool Worker' : eraText(one.era),
    one.enabled ? 'on' : 'OFF',
    `${healthText(one.health)}${one.behind ? ', a gateway is behind' : ''}`,
  ],
  empty: 'There are none. Add one: npm run behalf -- upstream add linear https://mcp.linear.app/mcp',
})

export const pins: Command = {
  usage: '<id> [names...]',
  help: `What a server offers, what you admitted of it, and what changed since. What is new and waits is shown with its whole text.

names  these alone, each with its whole text.`,
  async run({ positionals: [id = '', ...names] }, context) {
    const items = named(await pinsOf(id, context), names, id)
    context.printJson(items)
    for (const line of pinRows(items)) context.print(line)
    for (const one of items) {
      const isNew = one.status === 'quarantined' && one.differences.length === 0
      for (const line of pinLines(one, isNew || names.length > 0)) context.print(line)
    }
  },
}

/** All where none is named. */
function named(items: Pin[], names: readonly string[], id: string): Pin[] {
  const unknown = names.filter((name) => !items.some((one) => one.name === name))
  if (unknown.length > 0)
    throw new Fault(`There is no ${unknown.join(', ')}. See: npm run behalf -- upstream pins ${id}`)
  return names.length === 0 ? items : items.filter(({ name }) => names.includes(name))
}

const decideOptions = {
  all: { type: 'boolean' },
  'with-findings': { type: 'boolean' },
  yes: { type: 'boolean' },
} as const

export const admit: Command = {
  usage: '<id> [names...] [--all] [--with-findings] [--yes]',
  help: `Admits what a server offers, as it is now. A later change waits for you again.

--all            everything that waits and in which nothing was found, not even a notice.
--with-findings  also that in which something was found. By name, notices alone do not need it.`,
  options: decideOptions,
  run: (args, context) => decide('admit', args, context),
}

export const hold: Command = {
  usage: '<id> [names...] [--all]',
  help: 'Takes what a server offers out of use.',
  options: { all: { type: 'boolean' } },
  run: (args, context) => decide('hold', args, context),
}

async function decide(decision: 'admit' | 'hold', { positionals, values }: Args, context: Context): Promise<void> {
  const [id = '', ...names] = positionals
  if (names.length === 0 && values['all'] !== true)
    throw new Fault(
      `Name what to ${decision}, or say --all. See: npm run behalf -- upstream pins ${id}`,
      exitCodes.usage,
    )
  const items = await pinsOf(id, context)
  const before = decision === 'admit' ? 'quarantined' : 'admitted'
  const wanted = names.length > 0 ? named(items, names, id) : []
  const chosen = items.filter((one) => wanted.includes(one) || (values['all'] === true && one.status === before))
  // By name, what is only a notice is taken: whoever names it has seen it.
  const found = ({ name, findings }: Pin): boolean =>
    findings.some(({ severity }) => severity === 'danger' || !names.includes(name))
  const left = decision === 'admit' && values['with-findings'] !== true ? chosen.filter(found) : []
  for (const one of left)
    context.note(`${one.name} is left out: something was found in it (--with-findings admits it too)`)
  const decisions = chosen
    .filter((one) => !left.includes(one))
    .map(({ kind, name, hash }) => ({ kind, name, hash, decision }))
  if (decisions.length === 0) return context.print('There is nothing to decide.')
  const done = await context.api.send<{
    decided: number
    republished: Republished[]
    outstanding: string[]
  }>('POST', `${at(id)}/pins`, { decisions })
  context.printJson(done)
  const word = decision === 'admit' ? 'admitted' : 'taken out of use'
  context.print(
    `${done.decided} ${word}${done.republished.map((one) => `; ${one.gateway} is at version ${one.version}`).join('')}.`,
  )
  for (const line of leftOutLines(done.republished)) context.print(line)
  noteOutstanding(done.outstanding, context)
}

function noteOutstanding(gateways: readonly string[], context: Context): void {
  if (gateways.length === 0) return
  context.note(`Not published yet, so as before at ${gateways.join(', ')}. They are tried again.`)
}

export const service: Command = {
  usage: '<id> <service account> --client-id <id> [--private-key <algorithm>] [--key-id <id>] [--scopes <a,b>]',
  help: `Calls a server as a service account of ours, by a grant of its own (OAuth client credentials), the same for everybody. The
client secret is read from standard input, tried at the server, sealed, and never shown again. With --private-key it is a key in
PEM instead (private_key_jwt), of the algorithm RS256, PS256, ES256 or EdDSA.

Examples: npm run behalf -- upstream service crm reports --client-id behalf < secret.txt
npm run behalf -- upstream service crm reports --client-id behalf --private-key ES256 < key.pem`,
  options: {
    'client-id': { type: 'string' },
    'private-key': { type: 'string' },
    'key-id': { type: 'string' },
    scopes: { type: 'string' },
  },
  async run({ positionals: [id = '', serviceAccount = ''], values }, context) {
    const clientId = text(values['client-id'])
    if (clientId === undefined) throw new Fault('Say --client-id.', exitCodes.usage)
    const [algorithm, keyId] = [text(values['private-key']), text(values['key-id'])]
    const client =
      algorithm === undefined
        ? { clientSecret: await context.readSecret('The client secret') }
        : { privateKey: pkcs8(await context.readSecret('The private key')), algorithm, ...(keyId && { keyId }) }
    const scopes = text(values['scopes'])
    const wanted = scopes === undefined ? {} : { scopes: scopes.split(',').map((scope) => scope.trim()) }
    const body = { serviceAccount, clientId, ...client, ...wanted }
    const made = await context.api.send<{ scopes: string[] }>('POST', `${at(id)}/service`, body)
    context.printJson(made)
    context.print(`${id} is called as ${serviceAccount}. See what it offers: npm run behalf -- upstream pins ${id}`)
  },
}

export const listAs: Command = {
  usage: '<id> <user>',
  help: `Reads what a server offers with the grant of this user, where the server shows that to nobody else. Asked for lists only.
Prints the link with which they connect an account of theirs first; it works for nobody but them.

Example: npm run behalf -- upstream list-as crm usr_ada`,
  async run({ positionals: [id = '', user = ''] }, context) {
    const { connect } = await context.api.send<{ connect: string | null }>('POST', `${at(id)}/list-as`, { user })
    context.printJson({ connect })
    if (connect !== null) context.print(`They connect an account first: ${connect}`)
    context.print(`${connect === null ? 'Now' : 'Then'}: npm run behalf -- upstream sync ${id}`)
  },
}

export const sync: Command = {
  usage: '<id>',
  help: `Asks a server again what it offers. What changed is taken out of use until you admit it. Where the server does not answer,
the exit code is 1.`,
  async run({ positionals }, context) {
    const id = positionals[0] ?? ''
    const done = await context.api.send<{
      changes: { kind: string; name: string; change: string; status: string }[]
      republished: Republished[]
      health: Health
      outstanding: string[]
    }>('POST', `${at(id)}/sync`, {})
    context.printJson(done)
    const answered = done.health.state === 'up'
    if (!answered) context.note(`${id} could not be asked: ${healthText(done.health)}. What was admitted of it stays.`)
    else if (done.changes.length === 0) context.print('Nothing changed.')
    for (const line of aligned(done.changes.map((one) => [one.change, one.status, one.kind, one.name])))
      context.print(line)
    for (const line of leftOutLines(done.republished)) context.print(line)
    noteOutstanding(done.outstanding, context)
    return answered ? exitCodes.done : exitCodes.failed
  },
}

export const remove: Command = {
  usage: '<id> [--yes]',
  help: 'Removes a server and everything that was admitted of it.',
  options: { yes: { type: 'boolean' } },
  async run({ positionals, values }, context) {
    const id = positionals[0] ?? ''
    if (values['yes'] !== true && !(await context.confirm(`Remove ${id}?`))) throw new Fault('Nothing was removed.')
    const { settings } = await context.api.get<Stands>(at(id))
    const secrets = needsOf(upstreamSettingsSchema.parse(settings).credentials).secrets
    const done = await context.api.send<{ republished: Republished[] }>('DELETE', at(id))
    context.printJson({ ...done, secrets })
    const from = done.republished.map(({ gateway }) => gateway).join(', ')
    context.print(`${id} is removed.${from === '' ? '' : ` Take it out of the documents that still name it: ${from}.`}`)
    for (const line of leftOutLines(done.republished)) context.print(line)
    // A server that comes later under its name would be sent them.
    for (const name of secrets) context.print(`Its secret stays: npm run behalf -- secret delete ${name}`)
  },
}

export async function pinsOf(id: string, { api }: Context): Promise<Pin[]> {
  const items: Pin[] = []
  for await (const one of api.all<Pin>(`${at(id)}/pins`)) items.push(one)
  return items
}
