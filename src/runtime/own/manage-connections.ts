import { z } from 'zod'
import type { JsonObject } from '../../core/json.ts'
import type { Result } from '../../core/result.ts'
import { ok, refuse } from '../../core/result.ts'
import type { VisibleApp } from './list-apps.ts'
import { accountRow, sameApp, visibleApps } from './list-apps.ts'
import type { OwnConnection, OwnContext } from './own-tool.ts'
import { ownTool } from './own-tool.ts'

const input = z.object({
  action: z
    .enum(['list', 'connect', 'disconnect', 'default'])
    .default('list')
    .describe(
      'list: the accounts of the person. connect, disconnect, default (the account to use from now on): a link at which the person does it.',
    ),
  app: z.string().max(200).optional().describe('Which app, by its id or title from list_apps.'),
  account: z.string().max(200).optional().describe('Which account, where there are several.'),
})

/**
 * About the accounts of the person behind the call, at the apps they may use here. An agent can only ask: connecting,
 * disconnecting and choosing the default are done by the person, in their browser, signed in as themselves.
 */
export const manageConnections = ownTool({
  name: 'manage_connections',
  title: 'Manage connections',
  description:
    "Shows the person's own accounts at the apps of this gateway, and gives a link at which they connect or disconnect one, or say which is used from now on. Show the link to the person.",
  input,
  behaviour: { operation: 'update', destructive: false, idempotent: true, openWorld: false },
  async run({ action, app, account }, context) {
    const apps = visibleApps(context).filter(({ providers }) => providers.length > 0)
    const wanted = app === undefined ? apps : apps.filter((one) => sameApp(one, app))
    const [only] = wanted
    if (app !== undefined && !only) return choose(apps)
    const accounts = apps.length > 0 ? await context.own.connections.list(context.call) : []
    if (action === 'list') return ok({ items: wanted.map((one) => rowOf(one, accounts)), has_more: false })
    if (!only || wanted.length > 1) return choose(apps)
    if (action === 'connect') return connect(only, accounts, context)
    return linkToChange(action, only, accounts, account, context)
  },
})

const rowOf = ({ id, title, providers }: VisibleApp, accounts: readonly OwnConnection[]): JsonObject => ({
  app: id,
  title,
  accounts: accounts.filter(({ provider }) => providers.includes(provider)).map(accountRow),
})

function choose(apps: readonly VisibleApp[]): Result<never> {
  const names = apps.map(({ title }) => title).join(', ')
  const text = names === '' ? 'No app of this gateway needs an account.' : `app: say which, of ${names}.`
  return refuse('runtime/invalid_arguments', { help: { text } })
}

async function connect(
  app: VisibleApp,
  accounts: readonly OwnConnection[],
  context: OwnContext,
): Promise<Result<JsonObject>> {
  const { call, own } = context
  // The person was at the link: what is there now is the answer.
  if (call.resumed) return ok(rowOf(app, accounts))
  const [provider = ''] = app.providers
  const needing = app.tools.filter(({ authorization }) => authorization?.provider === provider)
  // What only reads is enough to begin with; a tool that needs more asks when it is used.
  const reading = needing.filter(({ behaviour }) => behaviour.operation === 'read')
  const scopes = (reading.length > 0 ? reading : needing).flatMap(({ authorization }) => authorization?.scopes ?? [])
  const link = await own.connections.connectLink(call, { provider, scopes: [...new Set(scopes)] })
  if (!link.ok) return link
  const text = `Open the link to connect ${app.title}.`
  if (call.features.elicitationUrl) return refuse('vault/authorization_needed', { help: { url: link.value, text } })
  return ok({ ...rowOf(app, accounts), link: link.value, show_to_person: text })
}

async function linkToChange(
  wants: 'disconnect' | 'default',
  app: VisibleApp,
  accounts: readonly OwnConnection[],
  account: string | undefined,
  { call, own }: OwnContext,
): Promise<Result<JsonObject>> {
  const there = accounts.filter(({ provider }) => app.providers.includes(provider))
  const named = account === undefined ? there : there.filter((one) => one.label.toLowerCase() === account.toLowerCase())
  const [only] = named
  if (there.length === 0) return ok({ ...rowOf(app, accounts), hint: 'No account is connected.' })
  if (!only || named.length > 1) {
    const labels = there.map(({ label }) => label).join(', ')
    return refuse('runtime/invalid_arguments', { help: { text: `account: say which, of ${labels}.` } })
  }
  const link = await own.connections.accountLink(call, wants, only)
  const what = wants === 'disconnect' ? `disconnect ${only.label}` : `use ${only.label} from now on`
  return ok({ ...rowOf(app, accounts), link, show_to_person: `Open the link to ${what}.` })
}
