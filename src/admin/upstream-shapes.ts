import { z } from 'zod'
import { federationUse } from '../federation/federation.ts'
import type { Json } from '../core/json.ts'
import type { AdminUse } from './route.ts'

const id = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'use 1 to 40 of a-z, 0-9 and -, a letter first')
/** Of every URL that is about one server. */
export const upstreamParams = z.strictObject({ id })

export const behaviour = z.strictObject({
  operation: z.enum(['read', 'create', 'update', 'delete']),
  destructive: z.boolean(),
  idempotent: z.boolean(),
  openWorld: z.boolean(),
})
export const finding = z.object({
  kind: z.string(),
  severity: z.string(),
  path: z.string(),
  what: z.string(),
  excerpt: z.string(),
})
export const health = z.object({
  state: z.string(),
  checkedAt: z.int(),
  since: z.int(),
  failures: z.int(),
  reason: z.string().nullable(),
})
export const leftOut = z
  .array(z.object({ path: z.string(), message: z.string(), hidden: z.array(z.string()).optional() }))
  .describe(
    'What the version does not offer as its document says, where that is, and what settles it. `hidden`: names that two sources have, and that are nobody’s until then.',
  )
export const republished = z.array(z.object({ gateway: z.string(), version: z.int(), leftOut }))
export const outstanding = z
  .array(z.string())
  .describe('Gateways that could not be published and still offer what was before. They are tried again.')

export const federation = ({ env, config, admin, now }: AdminUse) => federationUse(env, config, admin.project, now)

export const asJson = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json
