import { describe, expect, it } from 'vitest'
import { approvalKey, decide } from '../../src/policy/policy.ts'
import { alice, ask, compile, desk, now } from './questions.ts'

const rule = (id: string, approval: object, more: object = {}): object => ({ id, effect: 'approve', approval, ...more })
const rules = (...approve: object[]) =>
  compile({ user: [{ id: 'all', effect: 'permit' }, ...approve], agent: [{ id: 'any-agent', effect: 'permit' }] })
const finance = rule('finance', { groups: ['finance'], validFor: '30m' }, { when: { argument: 'amount', gt: 500 } })

describe('approvals', () => {
  it('demands one only where the rule holds', () => {
    expect(decide(rules(finance), ask('Pay_Out', { amount: 500 }), now)).toMatchObject({ effect: 'permit' })
    expect(decide(rules(finance), ask('Pay_Out', { amount: 501 }), now)).toMatchObject({
      effect: 'approve',
      rules: ['finance'],
      approval: {
        rule: 'finance',
        approvers: { self: false, manager: false, groups: ['finance'], users: [] },
        notRequester: true,
        validMs: 1_800_000,
      },
    })
  })

  it('denies when it cannot be told whether one is needed', () => {
    expect(decide(rules(finance), ask('Pay_Out', { amount: '501' }), now)).toMatchObject({
      effect: 'deny',
      refusal: 'denied',
    })
    expect(decide(rules(finance), ask('Pay_Out', { amount: '501' }, { approved: ['finance'] }), now).effect).toBe(
      'deny',
    )
  })

  it('does not ask anybody about what is denied anyway', () => {
    const decision = decide(rules(finance, { id: 'no', effect: 'forbid' }), ask('Pay_Out', { amount: 501 }), now)
    expect(decision.effect).toBe('deny')
    expect(decision.approval).toBeUndefined()
  })

  it('permits once the demand is met', () => {
    expect(decide(rules(finance), ask('Pay_Out', { amount: 501 }, { approved: ['finance'] }), now).effect).toBe(
      'permit',
    )
    expect(decide(rules(finance), ask('Pay_Out', { amount: 501 }, { approved: ['other'] }), now).effect).toBe('approve')
  })

  it('demands every rule its own approval, other people first', () => {
    const both = rules(rule('confirm', { self: true }), finance)
    const ids = (approved: string[]): string | undefined =>
      decide(both, ask('Pay_Out', { amount: 501 }, { approved }), now).approval?.rule
    expect(ids([])).toBe('finance')
    expect(ids(['finance'])).toBe('confirm')
    expect(ids(['finance', 'confirm'])).toBeUndefined()
    expect(decide(both, ask('Pay_Out', { amount: 501 }), now).approval?.notRequester).toBe(true)
    expect(decide(both, ask('Pay_Out', { amount: 1 }), now).approval?.notRequester).toBe(false)
  })

  it('is bound to exactly these arguments, this person, agent, gateway, tool, task and rule', async () => {
    const question = ask('Pay_Out', { amount: 501, to: 'x' })
    const key = await approvalKey(question, 'finance')
    expect(await approvalKey(ask('Pay_Out', { to: 'x', amount: 501 }), 'finance')).toBe(key)
    const others = [
      ask('Pay_Out', { amount: 502, to: 'x' }),
      ask('Pay_Out', { amount: '501', to: 'x' }),
      ask('Pay_Out', { amount: 501, to: 'x', extra: null }),
      ask('Pay_In', { amount: 501, to: 'x' }),
      { ...question, gateway: 'other' },
      { ...question, task: 'other' },
      { ...question, kind: 'prompt' as const },
      { ...question, user: { ...alice, id: 'other' as typeof alice.id } },
      { ...question, agent: { ...desk, id: 'other' as typeof desk.id } },
    ]
    const keys = await Promise.all([
      ...others.map((other) => approvalKey(other, 'finance')),
      approvalKey(question, 'other'),
    ])
    expect(new Set([key, ...keys]).size).toBe(keys.length + 1)
  })
})
