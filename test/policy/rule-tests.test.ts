import { describe, expect, it } from 'vitest'
import { parseRules, ruleTestsSchema, runRuleTests, type KnownTool } from '../../src/policy/policy.ts'
import { reads } from './questions.ts'

const document = {
  user: [
    {
      id: 'claims',
      effect: 'permit',
      users: { groups: ['claims'] },
      tools: { names: ['Claims_*'] },
      when: { argument: 'amount', lte: 500 },
    },
    { id: 'status', effect: 'permit', tools: { names: ['Claims_GetStatus'] } },
    { id: 'three', effect: 'limit', tools: { names: ['Claims_Process'] }, limit: { max: 3 } },
    {
      id: 'big',
      effect: 'approve',
      tools: { operations: ['update'] },
      when: { argument: 'amount', gt: 100 },
      approval: { groups: ['leads'] },
    },
  ],
  agent: [{ id: 'desk', effect: 'permit', agents: { clientIds: ['desk'] } }],
}
const people = { alice: { groups: ['claims'] }, bob: {} }
const agents = { desk: {}, other: {} }

function run(cases: unknown[], known?: Map<string, KnownTool>, more: object = {}) {
  const rules = parseRules(document)
  if (!rules.ok) throw new Error(JSON.stringify(rules.error.evidence))
  const tests = ruleTestsSchema.parse({ people, agents, cases, ...more })
  return runRuleTests(rules.value, tests, known)
}
const given = { user: 'alice', agent: 'desk', tool: 'Claims_Process', arguments: { amount: 5 } }

describe('rule tests', () => {
  it('pass when the decision is the expected one, for the expected reason', () => {
    const results = run([
      { name: 'a', given, expect: 'permit', because: 'claims' },
      { name: 'b', given: { ...given, user: 'bob' }, expect: 'deny' },
      { name: 'c', given: { ...given, agent: 'other' }, expect: 'deny' },
      { name: 'd', given: { ...given, arguments: { amount: 101 } }, expect: 'approve', because: 'big' },
      { name: 'e', given: { ...given, arguments: { amount: 101 }, approved: ['big'] }, expect: 'permit' },
      { name: 'f', given, expect: 'listed' },
      { name: 'g', given: { ...given, user: 'bob' }, expect: 'hidden' },
    ])
    expect(results).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => ({ name, ok: true, faults: [] })))
  })

  it('fail with what was decided instead, and why', () => {
    const [wrong, reason, list] = run([
      { name: 'wrong', given: { ...given, arguments: { amount: 501 } }, expect: 'permit' },
      { name: 'reason', given, expect: 'permit', because: 'status' },
      { name: 'list', given, expect: 'hidden' },
    ])
    expect(wrong).toMatchObject({
      ok: false,
      faults: [
        expect.stringContaining(
          'expected permit, got deny. claims would permit it but for argument amount lte 500: it is 501.',
        ) as string,
      ],
    })
    expect(reason).toMatchObject({
      ok: false,
      faults: ['permit as expected, but not because of status: claims, desk, three'],
    })
    expect(list).toMatchObject({ ok: false, faults: ['expected hidden'] })
  })

  it('run calls one after the other in one session', () => {
    const call = { tool: 'Claims_Process', arguments: { amount: 5 } }
    const calls = [1, 2, 3].map(() => ({ ...call, expect: 'permit' }))
    const start = { user: 'alice', agent: 'desk' }
    const [fine, wrong] = run([
      { name: 'fine', given: start, calls: [...calls, { ...call, expect: 'limit_reached', because: 'three' }] },
      { name: 'wrong', given: start, calls: [...calls, { ...call, expect: 'permit' }] },
    ])
    expect(fine).toMatchObject({ ok: true })
    expect(wrong).toMatchObject({
      ok: false,
      faults: [expect.stringContaining('call 4, Claims_Process: expected permit, got limit_reached') as string],
    })
  })

  it('do not pass for a misspelt name', () => {
    const tools = { Claims_Process: {} }
    const results = run(
      [
        { name: 'user', given: { ...given, user: 'alcie' }, expect: 'deny' },
        { name: 'agent', given: { ...given, agent: 'dsek' }, expect: 'deny' },
        { name: 'tool', given: { ...given, tool: 'Claims_Proces' }, expect: 'deny' },
        { name: 'step', given: { ...given, steps: ['Claims_X'] }, expect: 'permit' },
      ],
      new Map(),
      { tools },
    )
    expect(results.flatMap(({ faults }) => faults)).toEqual([
      'There is no person alcie.',
      'There is no agent dsek.',
      'There is no tool Claims_Proces.',
      'There is no tool Claims_X.',
    ])
  })

  it('know tools as the gateway classifies them', () => {
    const read: KnownTool = { name: 'Claims_Process', toolkit: 'Claims', upstream: null, behaviour: reads, scopes: [] }
    const test = { name: 'a', given: { ...given, arguments: { amount: 101 } }, expect: 'permit' }
    expect(run([test], new Map([[read.name, read]]))).toMatchObject([{ ok: true }])
    expect(run([test])).toMatchObject([{ ok: false }])
  })

  it.each<[string, unknown]>([
    ['neither expect nor calls', { name: 'x', given }],
    ['both', { name: 'x', given, expect: 'permit', calls: [{ tool: 'a', expect: 'permit' }] }],
    ['no tool', { name: 'x', given: {}, expect: 'permit' }],
    ['an unknown expectation', { name: 'x', given, expect: 'allow' }],
    ['a misspelt key', { name: 'x', given: { ...given, usr: 'bob' }, expect: 'permit' }],
    ['arguments that are a list', { name: 'x', given: { ...given, arguments: [] }, expect: 'permit' }],
  ])('refuse %s', (_, test) => {
    expect(ruleTestsSchema.safeParse({ cases: [test] }).success).toBe(false)
  })
})
