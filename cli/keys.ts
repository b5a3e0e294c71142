import type { Args, Command } from './command.ts'
import { Fault, exitCodes, text } from './command.ts'
import { day, listCommand } from './list.ts'

type Key = {
  id: string
  kind: 'app' | 'admin'
  prefix: string
  name: string
  role: string
  actsFor: string | null
  createdAt: number
  expiresAt: number | null
  revokedAt: number | null
}

export const list = listCommand<Key>({
  path: '/keys',
  help: 'App keys and admin tokens, by how they begin. The keys themselves were shown when they were made.',
  row: (key) => [
    key.id,
    key.kind,
    key.name,
    key.role,
    `${key.prefix}...`,
    day(key.createdAt),
    key.revokedAt === null ? `until ${day(key.expiresAt)}` : 'REVOKED',
  ],
  empty: 'There are no keys beside the token of the deployment.',
})

export const create: Command = {
  usage: '--name <name> (--admin <role> | --app <agent> [--acts-for <issuer>]) [--expires-in <days>]',
  help: `Prints the key on standard output, this once, and everything else on standard error.

--admin       an admin token: owner, admin, editor or auditor. Only an owner makes an owner.
--app         an app key of this agent (a-z, 0-9, _ and -). Keys of one agent are one agent to rules and record.
--acts-for    the issuer whose people the key may name in a header. Without it, it is a service account.
--expires-in  days. Default: never.

Example: npm run behalf -- keys create --name ci --admin editor --expires-in 90`,
  options: {
    name: { type: 'string' },
    admin: { type: 'string' },
    app: { type: 'string' },
    'acts-for': { type: 'string' },
    'expires-in': { type: 'string' },
  },
  async run(args, context) {
    const made = await context.api.send<{ token: string; key: Key }>('POST', '/keys', wanted(args))
    context.printJson(made)
    context.note(`${made.key.kind} key ${made.key.name} (${made.key.id}). Keep it now: it is not shown again.`)
    context.print(made.token)
  },
}

export const revoke: Command = {
  usage: '<id>',
  help: 'The key stops working, and the sessions of its agent end. keys list shows the ids.',
  async run({ positionals: [id = ''] }, context) {
    const key = await context.api.send<Key>('DELETE', `/keys/${encodeURIComponent(id)}`)
    context.printJson(key)
    context.print(`${key.name} is revoked.`)
  },
}

function wanted({ values }: Args): object {
  const [name, admin, app] = [text(values['name']), text(values['admin']), text(values['app'])]
  if (name === undefined) throw new Fault('--name is missing.', exitCodes.usage)
  if ((admin === undefined) === (app === undefined)) throw new Fault('Say --admin or --app.', exitCodes.usage)
  const days = text(values['expires-in'])
  if (days !== undefined && !(Number(days) > 0)) throw new Fault('--expires-in is a number of days.', exitCodes.usage)
  const expiresAt = days === undefined ? null : Date.now() + Math.round(Number(days) * 86_400_000)
  if (admin !== undefined) return { kind: 'admin', name, role: admin, expiresAt }
  return { kind: 'app', name, agent: app, actsFor: text(values['acts-for']) ?? null, expiresAt }
}
