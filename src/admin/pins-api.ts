import { z } from 'zod'
import type { PinRow } from '../federation/federation.ts'
import {
  countsAs,
  decidePins,
  definitionDifferences,
  listedDifferences,
  pendingHash,
  readPins,
  readUpstreamRow,
  showHiddenIn,
} from '../federation/federation.ts'
import { ok, refuse } from '../core/result.ts'
import type { AdminRoute } from './route.ts'
import { changeRoute, readRoute } from './route.ts'
import {
  asJson,
  behaviour,
  federation,
  finding,
  outstanding,
  republished,
  upstreamParams as params,
} from './upstream-shapes.ts'

const json = z.json()

const pin = z.object({
  kind: z.enum(['tool', 'prompt', 'resource', 'template']),
  name: z.string(),
  status: z.enum(['admitted', 'quarantined', 'removed']),
  hash: z.string().describe('Of what would be admitted now. Send it back with the decision.'),
  behaviour: behaviour.nullable().describe('As an administrator set it.'),
  countsAs: behaviour
    .nullable()
    .describe('What a tool is to rules; where it waits, what it becomes when it is admitted without another word.'),
  findings: z.array(finding),
  differences: z.array(z.object({ path: z.string(), before: json.optional(), after: json.optional() })),
  differencesLeftOut: z.int().describe('How many more there are than are listed.'),
  definition: json.describe('As admitted, with hidden characters made visible.'),
  proposed: json.nullable().describe('What the server says now, where that waits for a decision. Shown likewise.'),
  decidedBy: z.string().nullable(),
  updatedAt: z.int(),
})
/** What a server offers, and what of it an administrator admitted. */
export const pinRoutes: readonly AdminRoute[] = [
  readRoute({
    path: '/upstreams/{id}/pins',
    summary: 'What the server offers, what was admitted of it, and what changed since',
    role: 'auditor',
    params,
    reply: z.object({ items: z.array(pin), nextCursor: z.null() }),
    async read(input, use) {
      const row = await readUpstreamRow(federation(use), input.params.id)
      if (!row) return refuse('core/not_found')
      const pins = await readPins(federation(use), row.id)
      return ok({ items: await Promise.all(pins.map((one) => showPin(row.url, one))), nextCursor: null })
    },
  }),
  changeRoute({
    method: 'POST',
    path: '/upstreams/{id}/pins',
    summary: 'Admit definitions as they were shown, or hold them back',
    role: 'admin',
    params,
    body: z.strictObject({
      decisions: z
        .array(
          z.strictObject({
            kind: z.enum(['tool', 'prompt', 'resource', 'template']),
            name: z.string().min(1).max(1000),
            decision: z.enum(['admit', 'hold']),
            hash: z.string().min(1).max(100),
            behaviour: behaviour.optional(),
          }),
        )
        .min(1)
        .max(5000),
    }),
    reply: z.object({ decided: z.int(), republished, outstanding }),
    async change(input, use) {
      const { decisions } = input.body
      return ok({
        action: 'decide',
        target: `upstreams/${input.params.id}`,
        before: null,
        after: asJson({
          decisions: decisions.map(({ kind, name, decision, hash }) => ({ kind, name, decision, hash })),
        }),
        async commit() {
          const by = use.admin.keyId ?? use.admin.name
          const done = await decidePins(input.params.id, decisions.map(withoutUndefined), by, federation(use))
          if (!done.ok) return done
          const { pins, ...republication } = done.value
          return ok({ decided: pins.length, ...republication })
        },
      })
    },
  }),
]

async function showPin(url: string, row: PinRow) {
  const visible = (value: unknown) => showHiddenIn(asJson(value)) as z.core.util.JSONType
  const all = row.proposed ? definitionDifferences(row.kind, row.definition, row.proposed) : []
  const { differences, differencesLeftOut } = listedDifferences(all)
  return {
    ...row,
    name: row.name,
    hash: await pendingHash(row),
    countsAs: countsAs(url, row),
    definition: visible(row.definition),
    proposed: visible(row.proposed),
    differences: differences.map((one) => visible(one) as { path: string }),
    differencesLeftOut,
  }
}

function withoutUndefined<T extends { behaviour?: unknown }>({ behaviour: given, ...rest }: T) {
  return { ...rest, ...(given === undefined ? {} : { behaviour: given }) } as Omit<T, 'behaviour'> & {
    behaviour?: NonNullable<T['behaviour']>
  }
}
