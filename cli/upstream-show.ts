import type { Command, Context } from './command.ts'
import { day } from './list.ts'
import { eraText, healthText } from './health-text.ts'
import type { Health } from './health-text.ts'
import { aligned } from './main.ts'
import type { Pin } from './pin-text.ts'
import { pinsOf } from './upstream.ts'
import { at } from './upstream-add.ts'
import type { Stands } from './upstream-replaced.ts'
import { plainLine } from '../src/audit/neutralise.ts'
import { isToolWorker } from '../src/core/tool-worker.ts'

type Shown = Stands & { era: string | null; serverName: string | null; health: Health; behind: boolean }
type Offering = { name: string; document: { tools?: { upstream?: string; worker?: string }[] } }

export const show: Command = {
  usage: '<id>',
  help: 'One server: its address, how it is doing, how we prove who calls, how much of it is admitted, and which gateways name it.',
  async run({ positionals: [id = ''] }, context) {
    const server = await context.api.get<Shown>(at(id))
    const pins = await pinsOf(id, context)
    const gateways = await gatewaysOf(id, context)
    context.printJson({ ...server, pins: countsOf(pins), gateways })
    for (const line of showLines(server, pins, gateways)) context.print(line)
  },
}

async function gatewaysOf(id: string, { api }: Context): Promise<string[]> {
  const names: string[] = []
  for await (const { name } of api.all<{ name: string }>('/gateways')) {
    const { document } = await api.get<Offering>(`/gateways/${encodeURIComponent(name)}`)
    if (document.tools?.some(({ upstream, worker }) => (upstream ?? worker) === id) === true) names.push(name)
  }
  return names
}

export function showLines(server: Shown, pins: readonly Pin[], gateways: readonly string[]): string[] {
  const { id, url, enabled, settings, era, serverName, health, behind } = server
  const { admit, title } = settings
  const alone = [admit?.additions === true ? 'new optional parameters' : '', admit?.tools === true ? 'new tools' : '']
  const counts = Object.entries(countsOf(pins)).map(([status, count]) => `${count} ${status}`)
  const waits = pins.some(({ status }) => status === 'quarantined')
  return [
    `${id} is ${enabled ? 'on' : 'OFF'}, at ${url}.`,
    ...aligned([
      ...(typeof title === 'string' ? [['title', title]] : []),
      [
        'speaks',
        `${isToolWorker(url) ? 'a tool Worker' : eraText(era)}${serverName === null ? '' : `, as ${serverName}`}`,
      ],
      ['health', `${healthText(health)}${health.checkedAt > 0 ? `, asked ${day(health.checkedAt)}` : ''}`],
      ['credentials', credentialsText(settings.credentials)],
      ...(isToolWorker(url) ? [['may use', allowedText(settings)]] : []),
      ['by itself', alone.filter((one) => one !== '').join(' and ') || 'nothing is admitted'],
      ['offers', counts.join(', ') || 'nothing'],
      ['gateways', `${gateways.join(', ') || 'none'}${behind ? ' (one is behind, and is tried again)' : ''}`],
    ]).map(plainLine),
    ...(waits ? [`See what waits: npm run behalf -- upstream pins ${id}`] : []),
  ]
}

function countsOf(pins: readonly Pin[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { status } of pins) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

/** Secrets stand in settings by name only. */
function credentialsText(credentials: Stands['settings']['credentials']): string {
  const { kind, headers, provider, serviceAccount } = credentials ?? { kind: 'none' }
  const where = typeof provider === 'string' ? ` at ${provider}` : ''
  if (kind === 'headers')
    return Object.entries(headers ?? {})
      .map(([name, value]) => `${name}: ${String(value)}`)
      .join(', ')
  if (kind === 'user') return `the account of each user${where}`
  if (kind === 'service') return `the service account ${String(serviceAccount)}${where}`
  return kind === 'exchange' ? `a token exchanged for that of each user${where}` : 'none'
}

/** Of a tool Worker: at which providers it may act, and which secrets it gets. */
function allowedText({ allow }: Stands['settings']): string {
  const { providers = [], secrets = [] } = (allow ?? {}) as { providers?: string[]; secrets?: string[] }
  return (
    [...providers.map((one) => `provider ${one}`), ...secrets.map((one) => `secret ${one}`)].join(', ') || 'nothing'
  )
}
