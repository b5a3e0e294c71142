import { z } from 'zod'
import { refuse, ok, type Result } from '../core/result.ts'
import { conditionSchema, type Condition } from './condition.ts'
import { checkCondition } from './check-condition.ts'
import { durationSchema } from './duration.ts'
import { limitSchema } from './limit.ts'
import { ruleTestsSchema } from './rule-test.ts'

const name = z.string().min(1).max(300)
const names = z.array(name).min(1).max(500)

const usersSchema = z.strictObject({
  ids: names.optional(),
  subjects: z
    .array(z.strictObject({ issuer: name, subject: name }))
    .min(1)
    .max(500)
    .optional(),
  groups: names.optional(),
  issuers: names.optional(),
  kinds: z
    .array(z.enum(['person', 'service_account']))
    .min(1)
    .optional(),
})

const agentsSchema = z.strictObject({
  ids: names.optional(),
  /** CIMD URL, registered client id or app key id. */
  clientIds: names.optional(),
  /** Host of a CIMD client id; `*.example.com` for any host under it. */
  hosts: names.optional(),
  kinds: z
    .array(z.enum(['cimd', 'dcr', 'registered', 'app_key']))
    .min(1)
    .optional(),
  trust: z
    .array(z.enum(['unknown', 'known', 'trusted']))
    .min(1)
    .optional(),
})

export const toolsSchema = z.strictObject({
  /** `*` stands for any run of characters. A prompt goes by its name, a resource by its URI. */
  names: names.optional(),
  kinds: z
    .array(z.enum(['tool', 'resource', 'prompt']))
    .min(1)
    .optional(),
  toolkits: names.optional(),
  upstreams: names.optional(),
  operations: z
    .array(z.enum(['read', 'create', 'update', 'delete']))
    .min(1)
    .optional(),
  destructive: z.boolean().optional(),
  idempotent: z.boolean().optional(),
  openWorld: z.boolean().optional(),
})

export type ToolSelector = z.infer<typeof toolsSchema>

const approvalSchema = z
  .strictObject({
    /** The person the call is for, as a plain confirmation. */
    self: z.boolean().default(false),
    manager: z.boolean().default(false),
    groups: names.optional(),
    /** User ids. */
    users: names.optional(),
    /** Default: true, unless `self`. */
    notRequester: z.boolean().optional(),
    validFor: durationSchema.default('1h'),
  })
  .refine((a) => a.self || a.manager || a.groups !== undefined || a.users !== undefined, {
    error: 'Nobody could approve.',
  })
  .refine((a) => !(a.self && a.notRequester === true), { error: 'self and notRequester exclude each other.' })

export const ruleSchema = z
  .strictObject({
    id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'An id is up to 64 letters, digits, and _ . - inside.'),
    description: z.string().max(1000).optional(),
    effect: z.enum(['permit', 'forbid', 'approve', 'limit']),
    users: usersSchema.optional(),
    agents: agentsSchema.optional(),
    gateways: names.optional(),
    tools: toolsSchema.optional(),
    when: conditionSchema.optional(),
    approval: approvalSchema.optional(),
    limit: limitSchema.optional(),
    /** What the agent may be told when this rule is in the way of a tool that is on its list. */
    help: z.string().min(1).max(300).optional(),
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
    version: z.string().min(1).max(100).optional(),
    user: z.array(ruleSchema).max(5000).default([]),
    agent: z.array(ruleSchema).max(5000).default([]),
    /** A version whose tests fail is not published. */
    tests: ruleTestsSchema.optional(),
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
