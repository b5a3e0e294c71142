import { z } from 'zod'
import { refuse, ok, type Result } from '../core/result.ts'
import { conditionSchema, type Condition } from './condition.ts'
import { checkCondition } from './check-condition.ts'
import { durationSchema } from './duration.ts'
import { limitSchema } from './limit.ts'
import { ruleTestsSchema } from './rule-test.ts'

const name = z.string().min(1).max(300)
const names = z.array(name).min(1).max(500)

const usersSchema = z
  .strictObject({
    ids: names.optional().describe('Our own ids.'),
    subjects: z
      .array(z.strictObject({ issuer: name.describe('Of the sign-in.'), subject: name.describe('There.') }))
      .min(1)
      .max(500)
      .optional()
      .describe('Who they are at the sign-in: issuer and subject together. Never an e-mail address.'),
    groups: names.optional().describe('Groups and roles, as the directory or the sign-in says. One is enough.'),
    issuers: names.optional().describe('Where they signed in.'),
    kinds: z
      .array(z.enum(['person', 'service_account']))
      .min(1)
      .optional()
      .describe('People, or identities of programs that act as themselves.'),
  })
  .describe('For whom the call is. Keys narrow; within a list any one is enough. Left out: everybody.')

const agentsSchema = z
  .strictObject({
    ids: names.optional().describe('Our own ids.'),
    clientIds: names.optional().describe('URL of a client metadata document, registered client id or app key id.'),
    hosts: names
      .optional()
      .describe('Host of a client metadata document; `*.example.com` for any host under it. Other clients match none.'),
    kinds: z
      .array(z.enum(['cimd', 'dcr', 'registered', 'app_key']))
      .min(1)
      .optional()
      .describe('How the client is known: metadata document, own registration, by an administrator, by a key.'),
    trust: z
      .array(z.enum(['unknown', 'known', 'trusted']))
      .min(1)
      .optional()
      .describe('As an administrator set it.'),
  })
  .describe('Through which application the call comes. Left out: any.')

export const toolsSchema = z
  .strictObject({
    names: names
      .optional()
      .describe('`*` stands for any run of characters. A prompt goes by its name, a resource by its URI.'),
    kinds: z
      .array(z.enum(['tool', 'resource', 'prompt']))
      .min(1)
      .optional()
      .describe('Of which kind. Left out: all three.'),
    toolkits: names.optional().describe('Our own toolkits, such as GitHub.'),
    upstreams: names.optional().describe('Ids of MCP servers that the project has added.'),
    operations: z
      .array(z.enum(['read', 'create', 'update', 'delete']))
      .min(1)
      .optional()
      .describe('What it does, as the administrator classified it and never as a server claims.'),
    destructive: z.boolean().optional().describe('Whether what it does cannot be taken back.'),
    idempotent: z.boolean().optional().describe('Whether doing it twice is as doing it once.'),
    openWorld: z.boolean().optional().describe('Whether it reaches people or systems outside.'),
  })
  .describe('What is called. Left out: everything at this gateway.')

export type ToolSelector = z.infer<typeof toolsSchema>

const approvalSchema = z
  .strictObject({
    self: z.boolean().default(false).describe('The person the call is for, as a plain confirmation.'),
    manager: z.boolean().default(false).describe("The person's manager, as the directory says."),
    groups: names.optional().describe('Anybody of these groups.'),
    users: names.optional().describe('These people, by our ids.'),
    notRequester: z
      .boolean()
      .optional()
      .describe('Whether the requester may not be the approver. Default: true, unless `self`.'),
    validFor: durationSchema.default('1h').describe('How long it waits, and how long it may be used, such as 30m.'),
  })
  .refine((a) => a.self || a.manager || a.groups !== undefined || a.users !== undefined, {
    error: 'Nobody could approve.',
  })
  .refine((a) => !(a.self && a.notRequester === true), { error: 'self and notRequester exclude each other.' })

export const ruleSchema = z
  .strictObject({
    id: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'An id is up to 64 letters, digits, and _ . - inside.')
      .describe('Named in every decision it has a part in. Unique in the document.'),
    description: z.string().max(1000).optional().describe('For people. Agents never see it.'),
    effect: z
      .enum(['permit', 'forbid', 'approve', 'limit'])
      .describe(
        'permit: this side permits. forbid: nobody may, whatever else permits. approve: somebody has to approve first. limit: takes from a budget.',
      ),
    users: usersSchema.optional(),
    agents: agentsSchema.optional(),
    gateways: names.optional().describe('Names of gateways, for rules that several share.'),
    tools: toolsSchema.optional(),
    when: conditionSchema
      .optional()
      .describe('Has to hold too. An error in it is no permit, and in any other rule it denies.'),
    approval: approvalSchema.optional().describe('With `approve`: who may, and for how long.'),
    limit: limitSchema.optional().describe('With `limit`: how much, of what, for whom.'),
    help: z
      .string()
      .min(1)
      .max(300)
      .optional()
      .describe('What the agent may be told when this rule is in the way of a tool that is on its list.'),
  })
  .superRefine((rule, check) => {
    for (const key of ['approval', 'limit'] as const) {
      const effect = key === 'approval' ? 'approve' : 'limit'
      if ((rule.effect === effect) !== (rule[key] !== undefined)) {
        check.addIssue({ code: 'custom', path: [key], message: `${key} belongs to effect ${effect}, and only there.` })
      }
    }
    for (const key of ['users', 'agents', 'tools'] as const) {
      const selector = rule[key]
      if (selector !== undefined && Object.keys(selector).length === 0) {
        check.addIssue({ code: 'custom', path: [key], message: `${key} selects by nothing. Leave it out to mean all.` })
      }
    }
    for (const fault of rule.when === undefined ? [] : checkCondition(rule.when)) {
      check.addIssue({ code: 'custom', path: ['when', ...fault.path], message: fault.message })
    }
  })

export type Rule = z.infer<typeof ruleSchema>
export type Side = 'user' | 'agent'

/**
 * The rules of a gateway. Both sides have to permit: `user` says what the person may do, `agent` what the application may
 * do for people. Every other effect counts from whichever side it stands on.
 */
export const rulesSchema = z
  .strictObject({
    version: z.string().min(1).max(100).optional().describe('Set when it is published.'),
    user: z.array(ruleSchema).max(5000).default([]).describe('What people may do. This side has to permit.'),
    agent: z
      .array(ruleSchema)
      .max(5000)
      .default([])
      .describe('What applications may do for people. This side has to permit too.'),
    tests: ruleTestsSchema.optional().describe('A version whose tests fail is not published.'),
  })
  .superRefine((rules, check) => {
    const ids = new Set<string>()
    for (const side of ['user', 'agent'] as const) {
      for (const [i, { id }] of rules[side].entries()) {
        if (ids.has(id))
          check.addIssue({ code: 'custom', path: [side, i, 'id'], message: `Two rules have the id ${id}.` })
        ids.add(id)
      }
    }
  })

export type RulesDocument = z.infer<typeof rulesSchema>

/** Errors: `policy/invalid`, with `evidence.issues`: where and what, in words for the administrator. */
export function parseRules(document: unknown): Result<RulesDocument> {
  const parsed = rulesSchema.safeParse(document)
  if (parsed.success) return ok(parsed.data)
  const issues = parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }))
  return refuse('policy/invalid', { evidence: { issues: issues.slice(0, 100) } })
}

export type { Condition }
