import { z } from 'zod'
import type { Json, JsonObject } from '../core/json.ts'
import { durationSchema } from './duration.ts'

const name = z.string().min(1).max(300)
const args = z.custom<JsonObject>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), {
  error: 'Arguments are an object.',
})

const userSchema = z.strictObject({
  id: name.optional().describe('Default: the name in the test.'),
  kind: z.enum(['person', 'service_account']).optional().describe('Default: person.'),
  issuer: name.optional().describe('Of the sign-in.'),
  subject: name.optional().describe('At the issuer. Default: the name in the test.'),
  name: name.optional().describe('For people.'),
  email: name.optional().describe('For conditions on it; it identifies nobody.'),
  groups: z.array(name).optional().describe('Groups and roles.'),
  attributes: z
    .record(
      z.string(),
      z.custom<Json>((value) => value !== undefined),
    )
    .optional()
    .describe('As the directory has them.'),
})

const agentSchema = z.strictObject({
  id: name.optional().describe('Default: the name in the test.'),
  kind: z.enum(['cimd', 'dcr', 'registered', 'app_key']).optional().describe('Default: registered.'),
  clientId: name.optional().describe('Default: the name in the test.'),
  name: name.optional().describe('For people.'),
  host: name.optional().describe('Of the metadata document.'),
  trust: z.enum(['unknown', 'known', 'trusted']).optional().describe('Default: known.'),
})

const toolSchema = z.strictObject({
  kind: z.enum(['tool', 'resource', 'prompt']).optional().describe('Default: tool.'),
  toolkit: name.optional().describe('Default: the first word of its name.'),
  upstream: name.optional().describe('The server it belongs to.'),
  operation: z.enum(['read', 'create', 'update', 'delete']).optional().describe('Default: update.'),
  destructive: z.boolean().optional().describe('Default: false.'),
  idempotent: z.boolean().optional().describe('Default: false.'),
  openWorld: z.boolean().optional().describe('Default: false.'),
  scopes: z.array(name).optional().describe('What it needs of the account.'),
})

const stepSchema = z.strictObject({
  tool: name.describe('What was called.'),
  arguments: args.optional().describe('With which arguments.'),
  outcome: z.enum(['running', 'done', 'failed']).optional().describe('Default: done.'),
  ago: durationSchema.optional().describe('How long ago it began. Default: just now.'),
  task: name.optional().describe('Of the agent.'),
})

/** Everything has a plain default: signed in and connected just now, nothing done yet, Monday 2026-01-05, 12:00 UTC. */
export const givenSchema = z.strictObject({
  user: z.union([name, userSchema]).optional().describe('Somebody of people, or described here.'),
  agent: z.union([name, agentSchema]).optional().describe('One of agents, or described here.'),
  gateway: name.optional().describe('Name of the gateway.'),
  tool: name.optional().describe('What is called.'),
  arguments: args.optional().describe('With which arguments.'),
  at: z.iso.datetime({ offset: true }).optional().describe('When. Default: Monday 2026-01-05, 12:00 UTC.'),
  steps: z
    .array(z.union([name, stepSchema]))
    .max(1000)
    .optional()
    .describe('What the session has done before: names, or whole steps.'),
  taint: z.array(name).optional().describe('Labels the session has.'),
  startedAgo: durationSchema.optional().describe('How long ago the session began.'),
  signedInAgo: durationSchema.optional().describe('How long ago the person signed in.'),
  connection: z
    .strictObject({
      provider: name.optional().describe('Whose account.'),
      account: name.optional().describe('Which account.'),
      scopes: z.array(name).optional().describe('What was granted.'),
      connectedAgo: durationSchema.optional().describe('How long ago it was connected.'),
    })
    .optional()
    .describe('The account that would be used. Left out: not known yet.'),
  address: name.optional().describe('Of the client.'),
  task: name.optional().describe('That the agent names.'),
  approved: z.array(name).optional().describe('Rules whose approval was given.'),
  decisionPoint: z
    .enum(['permit', 'deny', 'unavailable', 'invalid'])
    .optional()
    .describe("What the company's decision point says. Left out: it is not asked."),
})

/** `listed` and `hidden` ask about the list, where arguments are unknown. */
const expectations = ['permit', 'deny', 'approve', 'limit_reached', 'listed', 'hidden'] as const

const callSchema = z.strictObject({
  tool: name.describe('What is called.'),
  arguments: args.optional().describe('With which arguments.'),
  expect: z.enum(expectations).describe('What has to be decided.'),
  because: name.optional().describe('A rule that has to be among those that decided.'),
  wait: durationSchema.optional().describe('Time that passes before this call.'),
  taints: z.array(name).optional().describe('Labels that the result gives the session.'),
  outcome: z.enum(['done', 'failed']).optional().describe('How it ends. Default: done.'),
  approved: z.array(name).optional().describe('Rules whose approval was given.'),
})

const caseSchema = z
  .strictObject({
    name: name.describe('Says what is right, for whoever reads that it fails.'),
    given: givenSchema.default({}).describe('Who asks for what, when, after what.'),
    expect: z.enum(expectations).optional().describe('What has to be decided. listed and hidden ask about the list.'),
    because: name.optional().describe('A rule that has to be among those that decided.'),
    calls: z
      .array(callSchema)
      .min(1)
      .max(200)
      .optional()
      .describe(
        'Instead of `expect`: calls of one session, one after the other. What is permitted becomes a step and is charged.',
      ),
  })
  .refine((c) => (c.expect === undefined) !== (c.calls === undefined), { error: 'A test says expect or calls.' })
  .refine((c) => c.calls !== undefined || c.given.tool !== undefined, { error: 'given needs a tool.' })

export const ruleTestsSchema = z.strictObject({
  people: z.record(name, userSchema).optional().describe('People of the tests, by name.'),
  agents: z.record(name, agentSchema).optional().describe('Applications of the tests, by name.'),
  tools: z
    .record(name, toolSchema)
    .optional()
    .describe(
      "What tools do, where the gateway's own are not known. An unknown tool is an update that is neither destructive nor open-world.",
    ),
  cases: z.array(caseSchema).max(2000).default([]).describe('The tests.'),
})

export type RuleTests = z.infer<typeof ruleTestsSchema>
export type RuleTestCase = RuleTests['cases'][number]
export type Given = RuleTestCase['given']
export type Expectation = (typeof expectations)[number]
