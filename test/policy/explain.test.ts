import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide, explain, type Change } from '../../src/policy/policy.ts'
import { document, question } from './arbitrary.ts'
import { alice, ask, compile, now } from './questions.ts'
import { runs } from '../support/property.ts'

const anyAgent = { id: 'any-agent', effect: 'permit' }
const claims = { id: 'claims-team', effect: 'permit', users: { groups: ['claims'] }, tools: { names: ['Claims_*'] } }
const small = { ...claims, id: 'small', when: { argument: 'amount', lte: 500 } }
const changesFor = (user: object[], args: Record<string, unknown>, agent: object[] = [anyAgent]): Change[] =>
  explain(compile({ user, agent }), ask('Claims_Process', args as never), now).changes

describe('explain', () => {
  it('names the clause that a permit fails on, and that this alone is in the way', () => {
    expect(changesFor([small], { amount: 501 })).toEqual([
      {
        term: 'user',
        rule: 'small',
        what: 'small would permit it but for argument amount lte 500: it is 501.',
        enough: true,
      },
    ])
  })

  it('says when an argument is of the wrong kind or missing', () => {
    expect(changesFor([small], { amount: '501' })[0]?.what).toBe(
      'small would permit it but for argument amount lte 500: it is "501", which is an error.',
    )
    expect(changesFor([small], {})[0]?.what).toContain('there is nothing, which is an error')
  })

  it('finds the permit that is for somebody else', () => {
    const sales = { ...claims, id: 'sales-team', users: { groups: ['sales'] } }
    expect(changesFor([sales], {})).toEqual([
      {
        term: 'user',
        rule: 'sales-team',
        what: 'sales-team permits it to {"users":{"groups":["sales"]}}.',
        enough: true,
      },
    ])
  })

  it('says when nothing permits it to anybody', () => {
    expect(changesFor([], {})).toEqual([
      { term: 'user', rule: null, what: 'No rule on the user side permits this tool to anybody.', enough: false },
    ])
  })

  it('does not call enough what is not enough', () => {
    const no = { id: 'no', effect: 'forbid', when: { argument: 'amount', gt: 100 } }
    const changes = changesFor([small, no], { amount: 501 })
    expect(changes.map(({ rule, enough }) => [rule, enough])).toEqual([
      ['small', false],
      ['no', false],
    ])
    expect(changesFor([claims, no], { amount: 501 })).toEqual([
      { term: 'forbid', rule: 'no', what: 'no forbids it, because argument amount gt 100: it is 501.', enough: true },
    ])
  })

  it('names who can approve, which scopes are missing and what budget is spent', () => {
    const approve = { id: 'ok', effect: 'approve', approval: { groups: ['finance'], manager: true } }
    expect(changesFor([claims, approve], {})).toMatchObject([
      { term: 'approval', what: "ok needs an approval by the person's manager or group finance.", enough: true },
    ])
    const cap = { id: 'cap', effect: 'limit', limit: { max: 0 } }
    expect(changesFor([claims, cap], {})).toMatchObject([{ term: 'limits', rule: 'cap', enough: true }])
    const connection = { provider: 'p', account: 'a', scopes: ['read'], createdAt: now }
    const q = ask('Claims_Process', {}, { connection, tool: { scopes: ['read', 'write'] } })
    expect(explain(compile({ user: [claims], agent: [anyAgent] }), q, now).changes).toEqual([
      { term: 'scopes', rule: null, what: 'The connection lacks write.', enough: true },
    ])
    const external = { decision: 'unavailable' as const }
    const offered = false
    const rules = compile({ user: [claims], agent: [anyAgent] })
    expect(
      explain(rules, ask('Claims_Process', {}, { external, offered }), now).changes.map(({ term }) => term),
    ).toEqual(['gateway', 'external'])
  })

  it('says what a permit hangs on', () => {
    const changes = changesFor([claims, small], { amount: 1 })
    expect(changes.map(({ rule, enough }) => [rule, enough])).toEqual([
      ['claims-team', false],
      ['small', false],
      ['any-agent', true],
    ])
  })

  it('says whether the tool is on the list', () => {
    const rules = compile({ user: [small], agent: [anyAgent] })
    expect(explain(rules, ask('Claims_Process', { amount: 501 }), now).listed).toBe(true)
    expect(explain(rules, ask('Claims_Process', {}, { user: { ...alice, groups: [] } }), now).listed).toBe(false)
  })

  it('decides as decide does, and what it calls enough is enough', () => {
    const property = fc.property(document, question, (rules, q) => {
      const { decision, changes } = explain(compile(rules), q, now)
      expect(decision).toEqual(decide(compile(rules), q, now))
      const { user, agent } = rules as { user: { id: string }[]; agent: { id: string }[] }
      const without = (id: string | null) => ({
        user: user.filter((r) => r.id !== id),
        agent: agent.filter((r) => r.id !== id),
      })
      for (const { term, rule, enough } of changes) {
        if (term !== 'forbid' && term !== 'approval' && decision.effect !== 'permit') continue
        const after = decide(compile(without(rule)), q, now).effect
        expect(after !== decision.effect).toBe(enough)
      }
    })
    fc.assert(property, { numRuns: runs(100) })
  })
})

describe('help', () => {
  const after = {
    ...claims,
    id: 'after',
    when: { after: { tools: ['Claims_GetStatus'] } },
    help: 'Get the status first.',
  }

  it('is told where the tool is on the list anyway', () => {
    expect(decide(compile({ user: [after], agent: [anyAgent] }), ask('Claims_Process'), now).help).toBe(
      'Get the status first.',
    )
  })

  it('is not told where the tool would not be on the list', () => {
    const never = { id: 'never', effect: 'forbid', help: 'Ask finance.' }
    expect(
      decide(compile({ user: [claims, never], agent: [anyAgent] }), ask('Claims_Process'), now).help,
    ).toBeUndefined()
  })
})
