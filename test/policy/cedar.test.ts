import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exportRules, ruleToCedar } from '../../cli/cedar/export.ts'
import { importRules } from '../../cli/cedar/import.ts'
import { Fault } from '../../cli/command.ts'
import { cedarAllows } from '../../cli/cedar/request.ts'
import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs'
import type { Json, JsonObject } from '../../src/core/json.ts'
import {
  compileRules,
  decide,
  parseRules,
  type Question,
  type Rule,
  type RulesDocument,
  type Side,
} from '../../src/policy/policy.ts'
import { document, question } from './arbitrary.ts'
import { ask, now } from './questions.ts'
import { runs } from '../support/property.ts'

function documentOf(rules: unknown): RulesDocument {
  const parsed = parseRules(rules)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error.evidence))
  return parsed.value
}

/** Only what Cedar can say: text is exact, and what remains without an equivalent is left out. */
function sayable(rules: object): RulesDocument {
  const exact = (value: Json): Json => {
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(exact)
    const made = Object.fromEntries(Object.entries(value).map(([key, child]) => [key, exact(child)]))
    return 'argument' in made && Object.keys(made).length > 1 ? { ...made, text: 'exact' } : made
  }
  const plain = documentOf(exact(rules as Json))
  const keep = (side: Side): Rule[] => plain[side].filter((rule) => typeof ruleToCedar(rule, side) !== 'string')
  return { user: keep('user'), agent: keep('agent') }
}

function cedarPermits(rules: RulesDocument, q: Question): boolean {
  return (['user', 'agent'] as const).every((side) => {
    const policies: Record<string, PolicyJson> = {}
    for (const rule of rules[side]) {
      const policy = ruleToCedar(rule, side)
      if (typeof policy !== 'string') policies[rule.id] = policy
    }
    return cedarAllows(policies, side, q, now)
  })
}

const oursPermits = (rules: RulesDocument, q: Question): boolean =>
  decide(compileRules(rules), q, now).effect === 'permit'

/** One permit for everybody on the agent side, so that the user side decides. */
const withAgents = (user: object[]): RulesDocument =>
  documentOf({ user, agent: [{ id: 'any-agent', effect: 'permit' }] })

describe('Cedar as the oracle', () => {
  it('agrees on any rules it can say and any question', () => {
    const seen = { permit: 0, deny: 0, rules: 0 }
    const property = fc.property(document, question, (rules, q) => {
      const said = sayable(rules)
      const base = {
        user: [{ id: 'base', effect: 'permit' as const }, ...said.user],
        agent: [...said.agent, { id: 'any', effect: 'permit' as const }],
      }
      for (const tried of [said, base]) {
        seen.rules += tried.user.length + tried.agent.length
        const permitted = oursPermits(tried, q)
        seen[permitted ? 'permit' : 'deny']++
        expect(cedarPermits(tried, q)).toBe(permitted)
      }
    })
    fc.assert(property, { numRuns: runs(100) })
    expect(seen.permit).toBeGreaterThan(10)
    expect(seen.deny).toBeGreaterThan(10)
    expect(seen.rules).toBeGreaterThan(200)
  })

  it('agrees on selectors, facts and references', () => {
    const connection = { provider: 'github', account: 'a', scopes: ['repo', 'user'], createdAt: now - 60_000 }
    const q = ask('Files_Read', { to: 'alice@example.com', n: 5, yes: true }, { connection, task: 'migration-7' })
    const conditions: [object, boolean][] = [
      [{ address: ['10.0.0.0/8', '2001:db8::/32'] }, true],
      [{ address: ['192.0.2.0/24'] }, false],
      [{ connectedWithin: '1m' }, true],
      [{ connectedWithin: '59s' }, false],
      [{ signedInWithin: '2m' }, true],
      [{ startedWithin: '59s' }, false],
      [{ time: { since: '2026-11-20T10:00:00Z', until: '2026-11-20T10:00:01Z' } }, true],
      [{ time: { until: '2026-11-20T10:00:00Z' } }, false],
      [{ taint: 'secret' }, false],
      [{ task: ['other', 'migration-*'] }, true],
      [{ connection: 'scopes', contains: 'repo', text: 'exact' }, true],
      [{ connection: 'scopes', subsetOf: ['repo'], text: 'exact' }, false],
      [{ connection: 'account', exists: true }, true],
      [{ user: 'groups', contains: 'claims', text: 'exact' }, true],
      [{ argument: 'to', sameAs: { user: 'email' }, text: 'exact' }, true],
      [{ argument: 'n', sameAs: { user: 'email' }, text: 'exact' }, false],
      [{ user: 'attributes.department', in: ['claims', 'sales'], text: 'exact' }, true],
      [{ user: 'attributes.level', gte: 4 }, true],
      [{ argument: 'yes', eq: true }, true],
      [{ argument: 'n', eq: true }, false],
    ]
    for (const [when, expected] of conditions) {
      const permit = withAgents([{ id: 'r', effect: 'permit', when }])
      const forbid = withAgents([
        { id: 'all', effect: 'permit' },
        { id: 'r', effect: 'forbid', when },
      ])
      expect([when, oursPermits(permit, q), cedarPermits(permit, q)]).toEqual([when, expected, expected])
      expect([when, oursPermits(forbid, q)]).toEqual([when, cedarPermits(forbid, q)])
    }
    const hosts = documentOf({
      user: [{ id: 'r', effect: 'permit' }],
      agent: [{ id: 'h', effect: 'permit', agents: { hosts: ['*.example'] } }],
    })
    expect([oursPermits(hosts, q), cedarPermits(hosts, q)]).toEqual([true, true])
  })
})

describe('traps of Cedar', () => {
  const forbidBig = withAgents([
    { id: 'all', effect: 'permit' },
    { id: 'big', effect: 'forbid', when: { argument: 'amount', gt: 50_000 } },
  ])
  const permitSmall = withAgents([{ id: 'small', effect: 'permit', when: { argument: 'amount', lte: 50_000 } }])

  it.each<[string, JsonObject]>([
    ['a number as text, which makes Cedar skip the forbid', { amount: '99999' }],
    ['a list', { amount: [99_999] }],
    ['nothing', {}],
    ['null', { amount: null }],
    ['an integer beyond 2^53', { amount: 2 ** 53 }],
    ['an entity in disguise', { amount: { __entity: { type: 'Behalf::User', id: 'user-alice' } } }],
    ['an extension value in disguise', { amount: { __extn: { fn: 'decimal', arg: '1.0' } } }],
    ['an expression in disguise', { amount: { __expr: '1' } }],
  ])('denies %s on both sides', (_, args) => {
    for (const rules of [forbidBig, permitSmall]) {
      expect(oursPermits(rules, ask('Pay_Out', args))).toBe(false)
      expect(cedarPermits(rules, ask('Pay_Out', args))).toBe(false)
    }
  })

  it.each<[string, JsonObject]>([
    ['at the top', JSON.parse('{"__entity": {"type": "Behalf::User", "id": "x"}, "amount": 1}') as JsonObject],
    ['a float', { amount: 0.5 }],
    ['5,000 levels', { amount: 1, deep: Array.from({ length: 5000 }).reduce<Json>((inner) => [inner], 1) }],
  ])('never has Cedar permit what ours does not: %s', (_, args) => {
    for (const rules of [forbidBig, permitSmall]) {
      const q = ask('Pay_Out', args)
      expect(cedarPermits(rules, q) && !oursPermits(rules, q)).toBe(false)
    }
  })
})

describe('export and import', () => {
  it('comes back as rules that say the same', () => {
    let rules = 0
    const property = fc.property(document, (any) => {
      const said = sayable(any)
      const first = exportRules(said)
      const back: RulesDocument = { user: importRules(first.user, 'user'), agent: importRules(first.agent, 'agent') }
      expect(exportRules(back)).toEqual(first)
      expect(back.user.map(({ id, effect, approval }) => [id, effect, approval])).toEqual(
        said.user.map(({ id, effect, approval }) => [id, effect, approval]),
      )
      rules += said.user.length
    })
    fc.assert(property, { numRuns: runs(40) })
    expect(rules).toBeGreaterThan(20)
  })

  it('writes text that people can read', () => {
    const { user } = exportRules(
      documentOf({
        user: [
          {
            id: 'small',
            effect: 'permit',
            description: 'Claims below the limit.',
            users: { groups: ['claims'] },
            tools: { names: ['Claims_Process'] },
            when: { argument: 'amount', lte: 500 },
          },
        ],
      }),
    )
    expect(user).toBe(`@description("Claims below the limit.")
@id("small")
permit (principal, action, resource)
when
{
  (principal in [Behalf::Group::"claims"]) &&
  ["Claims_Process"].contains(resource.name) &&
  (context.arguments.amount <= 500)
};
`)
  })

  it('names the rules that Cedar cannot say', () => {
    const when = { argument: 'x', eq: 'main' }
    const { skipped } = exportRules(
      documentOf({
        user: [
          { id: 'a', effect: 'limit', limit: { max: 3 } },
          { id: 'b', effect: 'permit', when },
          { id: 'c', effect: 'permit', when: { after: { tools: ['x'] } } },
          { id: 'd', effect: 'permit', when: { argument: 'x', lt: 0.5 } },
          { id: 'e', effect: 'permit', when: { time: { zone: 'UTC', from: '09:00', to: '10:00' } } },
        ],
      }),
    )
    expect(skipped.map(({ rule }) => rule)).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  it('reads Cedar that people write', () => {
    const text = `
      // Comments are not kept.
      permit (principal in Behalf::Group::"claims", action == Behalf::Action::"call", resource == Behalf::Tool::"Claims_Process")
      when { context.arguments.amount <= 500 && context.arguments.region == "eu" }
      unless { context.session.taint.contains("secret") };`
    expect(importRules(text, 'user')).toEqual([
      {
        id: 'policy-1',
        effect: 'permit',
        users: { groups: ['claims'] },
        tools: { names: ['Claims_Process'] },
        when: {
          all: [
            { argument: 'amount', lte: 500 },
            { argument: 'region', eq: 'eu', text: 'exact' },
            { not: { taint: 'secret' } },
          ],
        },
      },
    ])
  })

  it.each([
    'permit (principal, action, resource) when { resource.secret == "x" };',
    'permit (principal, action, resource) when { context.arguments.a + 1 == 2 };',
    'permit (principal, action, resource) when { if context.arguments.a then true else false };',
    'permit (principal, action == Behalf::Action::"list", resource);',
    'permit (principal == ?principal, action, resource);',
    'permit (principal, action, resource) when { context.arguments.__proto__ == 1 };',
    'permit (principal, action, resource) when { context.now - context.session.startedAt <= 1500 };',
    'permit (principal, action',
  ])('refuses what it does not understand: %s', (text) => {
    expect(() => importRules(text, 'user')).toThrow(Fault)
  })
})
