import { z } from 'zod'
import type { Json, JsonObject } from '../core/json.ts'
import { durationSchema } from './duration.ts'

const name = z.string().min(1).max(300)
const args = z.custom<JsonObject>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), {
  error: 'Arguments are an object.',
})

const userSchema = z.strictObject({
  id: name.optional(),
  kind: z.enum(['person', 'service_account']).optional(),
  issuer: name.optional(),
  subject: name.optional(),
  name: name.optional(),
  email: name.optional(),
  groups: z.array(name).optional(),
  attributes: z
    .record(
      z.string(),
      z.custom<Json>((value) => value !== undefined),
    )
    .optional(),
})

const agentSchema = z.strictObject({
  id: name.optional(),
  kind: z.enum(['cimd', 'dcr', 'registered', 'app_key']).optional(),
  clientId: name.optional(),
  name: name.optional(),
  host: name.optional(),
  trust: z.enum(['unknown', 'known', 'trusted']).optional(),
})

const toolSchema = z.strictObject({
  kind: z.enum(['tool', 'resource', 'prompt']).optional(),
  toolkit: name.optional(),
  upstream: name.optional(),
  operation: z.enum(['read', 'create', 'update', 'delete']).optional(),
  destructive: z.boolean().optional(),
  idempotent: z.boolean().optional(),
  openWorld: z.boolean().optional(),
  scopes: z.array(name).optional(),
})

const stepSchema = z.strictObject({
  tool: name,
  arguments: args.optional(),
  outcome: z.enum(['running', 'done', 'failed']).optional(),
  ago: durationSchema.optional(),
  task: name.optional(),
})

/** Everything has a plain default: signed in and connected just now, nothing done yet, Monday 2026-01-05, 12:00 UTC. */
export const givenSchema = z.strictObject({
  user: z.union([name, userSchema]).optional(),
  agent: z.union([name, agentSchema]).optional(),
  gateway: name.optional(),
  tool: name.optional(),
  arguments: args.optional(),
  at: z.iso.datetime({ offset: true }).optional(),
  steps: z
    .array(z.union([name, stepSchema]))
    .max(1000)
    .optional(),
  taint: z.array(name).optional(),
  startedAgo: durationSchema.optional(),
  signedInAgo: durationSchema.optional(),
  connection: z
    .strictObject({
      provider: name.optional(),
      account: name.optional(),
      scopes: z.array(name).optional(),
      connectedAgo: durationSchema.optional(),
    })
    .optional(),
  address: name.optional(),
  task: name.optional(),
  approved: z.array(name).optional(),
  /** What the company's decision point says. */
  decisionPoint: z.enum(['permit', 'deny', 'unavailable', 'invalid']).optional(),
})

/** `listed` and `hidden` ask about the list, where arguments are unknown. */
const expectations = ['permit', 'deny', 'approve', 'limit_reached', 'listed', 'hidden'] as const

const callSchema = z.strictObject({
  tool: name,
  arguments: args.optional(),
  expect: z.enum(expectations),
  because: name.optional(),
  /** Time that passes before this call. */
  wait: durationSchema.optional(),
  /** Labels that the result gives the session. */
  taints: z.array(name).optional(),
  outcome: z.enum(['done', 'failed']).optional(),
  approved: z.array(name).optional(),
})

const caseSchema = z
  .strictObject({
    name,
    given: givenSchema.default({}),
    expect: z.enum(expectations).optional(),
    /** A rule that has to be among those that decided. */
    because: name.optional(),
    /** Instead of `expect`: calls of one session, one after the other. What is permitted becomes a step and is charged. */
    calls: z.array(callSchema).min(1).max(200).optional(),
  })
  .refine((c) => (c.expect === undefined) !== (c.calls === undefined), { error: 'A test says expect or calls.' })
  .refine((c) => c.calls !== undefined || c.given.tool !== undefined, { error: 'given needs a tool.' })

export const ruleTestsSchema = z.strictObject({
  people: z.record(name, userSchema).optional(),
  agents: z.record(name, agentSchema).optional(),
  /** What tools do, where the gateway's own are not known. An unknown tool is an update that is neither destructive nor open-world. */
  tools: z.record(name, toolSchema).optional(),
  cases: z.array(caseSchema).max(2000).default([]),
})

export type RuleTests = z.infer<typeof ruleTestsSchema>
export type RuleTestCase = RuleTests['cases'][number]
export type Given = RuleTestCase['given']
export type Expectation = (typeof expectations)[number]
