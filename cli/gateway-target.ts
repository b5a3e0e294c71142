import type { GatewayDocument } from '../src/gateways/document.ts'
import type { Args, Context } from './command.ts'
import { Fault, exitCodes, text } from './command.ts'
import type { Plan } from './plan-text.ts'
import { wranglerTarget } from './via-wrangler.ts'

export type Applied = { name: string; version: number; changed: boolean; pending: number | null }

/** Where documents go: the admin API, or straight into D1. Both end in the same immutable version. */
export type GatewayTarget = {
  plan(document: GatewayDocument): Promise<Plan>
  apply(document: GatewayDocument, base: number | null, note: string | null): Promise<Applied>
}

export const targetOptions = {
  via: { type: 'string' },
  local: { type: 'boolean' },
  'persist-to': { type: 'string' },
  project: { type: 'string' },
} as const

export const targetHelp = `--via wrangler  writes to D1 with your own Cloudflare sign-in instead of an admin token. Live sessions take it up
                within 60 seconds; by the API within 5.
--local         with --via wrangler: the database of npm start on this computer (--persist-to names another folder).
--project       with --via wrangler: the project. Default: default.`

export function targetOf({ values }: Args, context: Context): GatewayTarget {
  const via = text(values['via'])
  if (via === 'wrangler') {
    return wranglerTarget({
      local: values['local'] === true,
      persistTo: text(values['persist-to']) ?? null,
      project: text(values['project']) ?? 'default',
      env: context.env,
    })
  }
  if (via !== undefined) throw new Fault(`--via ${via}: only wrangler is known.`, exitCodes.usage)
  const stray = (['local', 'persist-to', 'project'] as const).find((name) => values[name] !== undefined)
  if (stray) throw new Fault(`--${stray} goes with --via wrangler.`, exitCodes.usage)
  return apiTarget(context)
}

function apiTarget({ api }: Context): GatewayTarget {
  return {
    plan: (document) => api.send<Plan>('POST', '/gateways/plan', { document }),
    async apply(document, base, note) {
      const done = await api.send<Applied & { reach: { pending: number } }>('POST', '/gateways/apply', {
        document,
        base,
        note,
      })
      return { name: done.name, version: done.version, changed: done.changed, pending: done.reach.pending }
    },
  }
}
