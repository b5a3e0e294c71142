import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import { argumentsToRemember, couldPermit, decide, type Step } from '../../src/policy/policy.ts'
import { ask, compile, now, rulesWith, sends, step, verdict, writes } from './questions.ts'

const given = (condition: object, steps: Step[], args = {}, forgottenSteps = 0): string =>
  verdict(condition, ask('T_x', args, { session: { steps, forgottenSteps } }))
const minutes = (n: number): number => now - n * 60_000

describe('steps of the session', () => {
  it('is after a step only when it is done', () => {
    const after = { after: { tools: ['Claims_GetStatus'] } }
    expect(given(after, [])).toBe('false')
    expect(given(after, [step('Claims_Other')])).toBe('false')
    expect(given(after, [step('Claims_GetStatus', { outcome: 'running' })])).toBe('false')
    expect(given(after, [step('Claims_GetStatus', { outcome: 'failed' })])).toBe('false')
    expect(given(after, [step('Claims_GetStatus')])).toBe('true')
    expect(given({ after: { tools: ['Claims_*'], outcome: 'any' } }, [step('Claims_X', { outcome: 'running' })])).toBe(
      'true',
    )
  })

  it('is not after a step that has only begun, or failed', () => {
    const notAfter = { notAfter: { tools: ['Files_*'] } }
    expect(given(notAfter, [])).toBe('true')
    for (const outcome of ['running', 'done', 'failed'] as const) {
      expect(given(notAfter, [step('Files_Read', { outcome })])).toBe('false')
    }
  })

  it('knows how long ago', () => {
    const steps = [step('A_x', { at: minutes(20) }), step('A_x', { at: minutes(5) })]
    expect(given({ after: { tools: ['A_x'], within: '10m' } }, steps)).toBe('true')
    expect(given({ after: { tools: ['A_x'], within: '4m' } }, steps)).toBe('false')
    expect(given({ steps: { tools: ['A_x'], within: '10m' }, count: { eq: 1 } }, steps)).toBe('true')
    expect(given({ steps: { tools: ['A_x'], within: '30m' }, count: { eq: 2 } }, steps)).toBe('true')
  })

  it('tells steps apart by what they do', () => {
    const steps = [step('A_read'), step('A_write', { behaviour: writes }), step('A_send', { behaviour: sends })]
    expect(given({ steps: { operations: ['read'] }, count: { eq: 1 } }, steps)).toBe('true')
    expect(given({ steps: { operations: ['create', 'update', 'delete'] }, count: { lt: 2 } }, steps)).toBe('false')
    expect(given({ after: { openWorld: true } }, steps)).toBe('true')
    expect(given({ after: { destructive: true } }, steps)).toBe('false')
  })

  it('binds a step to the same arguments', () => {
    const after = { after: { tools: ['Claims_GetStatus'], sameArguments: ['claim'] } }
    const steps = [step('Claims_GetStatus', { arguments: { claim: 'c-1' } })]
    expect(given(after, steps, { claim: 'c-1' })).toBe('true')
    expect(given(after, steps, { claim: 'c-2' })).toBe('false')
    expect(given(after, steps, { claim: 'C-1' })).toBe('error')
    expect(given(after, steps, {})).toBe('error')
    const once = { notAfter: { tools: ['Claims_Pay'], sameArguments: ['claim'] } }
    const paid = [step('Claims_Pay', { arguments: { claim: 'c-1' } })]
    expect(given(once, paid, { claim: 'c-2' })).toBe('true')
    expect(given(once, paid, { claim: 'c-1' })).toBe('false')
    expect(given(once, paid, { claim: 'c-1\u200b' })).toBe('error')
    expect(given(once, paid, { claim: 1 })).toBe('error')
  })

  it('counts by the steps own arguments', () => {
    const steps = [step('A_x', { arguments: { to: 'eu', n: 5 } }), step('A_x', { arguments: { to: 'us', n: 50 } })]
    expect(given({ steps: { where: { argument: 'to', eq: 'eu' } }, count: { eq: 1 } }, steps)).toBe('true')
    expect(given({ after: { where: { argument: 'n', gt: 50 } } }, steps)).toBe('false')
    expect(given({ after: { where: { argument: 'none', gt: 50 } } }, steps)).toBe('error')
    const { arguments: _, ...bare } = step('A_x')
    expect(given({ notAfter: { where: { argument: 'n', gt: 50 } } }, [bare])).toBe('error')
  })

  it('finds a step that was noted late', () => {
    const steps = [step('A_x', { at: minutes(2) }), step('A_y', { at: minutes(9) })]
    expect(given({ after: { tools: ['A_x'], within: '5m' } }, steps)).toBe('true')
  })

  it('does not take what it was not asked to remember for what was not given', () => {
    const where = { after: { where: { argument: 'force', exists: false } } }
    expect(given(where, [step('A_x', { arguments: { force: null } })])).toBe('true')
    expect(given(where, [step('A_x', { arguments: { other: 1 } })])).toBe('error')
    const rules = compile({ user: [{ id: 'r', effect: 'permit', when: { not: where } }] })
    expect(argumentsToRemember(rules, { a: 1 })).toEqual({ force: null })
    expect(argumentsToRemember(rules, { force: 'x'.repeat(5000) })).toBeUndefined()
    expect(argumentsToRemember(compile({}), { force: 1 })).toBeUndefined()
    const hostile = JSON.parse('{"__proto__": {"force": 1}}') as JsonObject
    expect(argumentsToRemember(rules, hostile)).toEqual({ force: null })
  })

  it('does not forget by drowning a step in others', () => {
    const recent = [step('A_x', { at: minutes(3) }), step('A_y', { at: minutes(1) })]
    expect(given({ notAfter: { tools: ['Files_*'] } }, recent, {}, 1)).toBe('error')
    expect(given({ notAfter: { tools: ['A_*'] } }, recent, {}, 1)).toBe('false')
    expect(given({ after: { tools: ['Files_*'] } }, recent, {}, 1)).toBe('error')
    expect(given({ after: { tools: ['A_*'] } }, recent, {}, 1)).toBe('true')
    expect(given({ notAfter: { tools: ['Files_*'], within: '2m' } }, recent, {}, 1)).toBe('true')
    expect(given({ notAfter: { tools: ['Files_*'], within: '3m' } }, recent, {}, 1)).toBe('error')
    expect(given({ steps: {}, count: { gte: 2 } }, recent, {}, 5)).toBe('true')
    expect(given({ steps: {}, count: { lte: 2 } }, recent, {}, 5)).toBe('error')
  })
})

describe('other facts of the session', () => {
  it('knows taint', () => {
    const tainted = (taint: string[], wanted: string | string[]): string =>
      verdict({ taint: wanted }, ask('T_x', {}, { session: { taint } }))
    expect(tainted([], 'untrusted:*')).toBe('false')
    expect(tainted(['untrusted:content'], 'untrusted:*')).toBe('true')
    expect(tainted(['secret'], ['untrusted:*', 'secret'])).toBe('true')
  })

  it('knows when the person signed in, connected and began', () => {
    const connection = { provider: 'github', account: 'a', scopes: ['repo'], createdAt: minutes(4) }
    const question = ask('T_x', {}, { connection, session: { authenticatedAt: minutes(10), startedAt: minutes(8) } })
    expect(verdict({ signedInWithin: '10m' }, question)).toBe('true')
    expect(verdict({ signedInWithin: '9m' }, question)).toBe('false')
    expect(verdict({ connectedWithin: '4m' }, question)).toBe('true')
    expect(verdict({ connectedWithin: '3m' }, question)).toBe('false')
    expect(verdict({ startedWithin: '8m' }, question)).toBe('true')
    expect(verdict({ startedWithin: '7m' }, question)).toBe('false')
    expect(verdict({ connectedWithin: '3m' }, ask('T_x'))).toBe('error')
    expect(verdict({ signedInWithin: '9m' }, ask('T_x', {}, { session: { authenticatedAt: Number.NaN } }))).toBe(
      'error',
    )
    expect(verdict({ connection: 'scopes', contains: 'repo' }, question)).toBe('true')
  })

  it('says that it needs the connection when nothing else is in the way', () => {
    const fresh = { connectedWithin: '5m' }
    const refusal = (effect: 'permit' | 'forbid', when: object): unknown =>
      decide(rulesWith(effect, when), ask('T_x'), now).refusal
    expect(refusal('permit', fresh)).toBe('connection_needed')
    expect(refusal('forbid', { not: fresh })).toBe('connection_needed')
    expect(refusal('permit', { all: [fresh, { argument: 'x', eq: 1 }] })).toBe('denied')
    expect(refusal('permit', { connection: 'scopes', contains: 'repo' })).toBe('connection_needed')
    const both = compile({
      user: [
        { id: 'a', effect: 'permit', when: fresh },
        { id: 'b', effect: 'forbid' },
      ],
      agent: [{ id: 'c', effect: 'permit' }],
    })
    expect(decide(both, ask('T_x'), now).refusal).toBe('denied')
  })

  it('knows the task', () => {
    expect(verdict({ task: 'migration-*' }, ask('T_x', {}, { task: 'migration-7' }))).toBe('true')
    expect(verdict({ task: 'migration-*' }, ask('T_x', {}, { task: 'other' }))).toBe('false')
    expect(verdict({ task: 'migration-*' }, ask('T_x'))).toBe('error')
    // A list is asked for before there is a task, and shows what one could permit.
    expect(couldPermit(rulesWith('permit', { task: 'migration-*' }), ask('T_x', null), now)).toBe(true)
  })
})
