import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import { decide, takeCharges, giveBack, type Charge, type Counter, type Question } from '../../src/policy/policy.ts'
import { alice, ask, compile, now, reads, termOf } from './questions.ts'
import '../support/property.ts'

const rules = (limit: object, more: object = {}) =>
  compile({
    user: [
      { id: 'all', effect: 'permit' },
      { id: 'cap', effect: 'limit', limit, ...more },
    ],
    agent: [{ id: 'any-agent', effect: 'permit' }],
  })
const charge = (limit: object, question: Question = ask('Mail_Send'), at = now): Charge | undefined =>
  decide(rules(limit), question, at).charges[0]

describe('limits', () => {
  it('charges one call to the session', () => {
    expect(charge({ max: 3 })).toEqual({
      rule: 'cap',
      key: expect.any(String) as string,
      amount: 1,
      max: 3,
      scope: 'session',
      resetsAt: null,
    })
  })

  it('denies when the budget is spent, says so, and when it starts again', () => {
    const limit = { max: 3, every: 'hour' }
    const key = charge(limit)?.key ?? ''
    const question = (spent: number): Question => ask('Mail_Send', {}, { session: { spent: { [key]: spent } } })
    expect(decide(rules(limit), question(2), now).effect).toBe('permit')
    const decision = decide(rules(limit), question(3), now)
    expect(decision).toMatchObject({
      effect: 'deny',
      refusal: 'limit_reached',
      charges: [],
      resetsAt: Date.UTC(2026, 10, 20, 11),
    })
    expect(termOf(decision, 'limits')).toMatchObject({ because: [{ rule: 'cap', expected: 3, actual: 4 }] })
  })

  it('does not tell of a limit what a forbid keeps secret', () => {
    const compiled = compile({
      user: [{ id: 'cap', effect: 'limit', limit: { max: 0 } }],
      agent: [{ id: 'any-agent', effect: 'permit' }],
    })
    expect(decide(compiled, ask('Mail_Send'), now).refusal).toBe('denied')
  })

  it.each<[object, JsonObject, number | undefined | 'error']>([
    [{ count: 'calls' }, {}, 1],
    [{ count: 'writes' }, {}, 1],
    [{ units: 2.5 }, {}, 2.5],
    [{ sizeOf: ['to', 'cc'] }, { to: ['a', 'b'], cc: ['c'] }, 3],
    [{ sizeOf: ['to', 'cc'] }, { to: ['a', 'b'], cc: null }, 2],
    [{ sizeOf: ['to'] }, { to: [] }, undefined],
    [{ sizeOf: ['to'] }, { to: 'a,b' }, 'error'],
    [{ sum: 'amount' }, { amount: 40.5 }, 40.5],
    [{ sum: 'amount' }, { amount: -40 }, 'error'],
    [{ sum: 'amount' }, { amount: '40' }, 'error'],
    [{ sum: 'amount' }, {}, 'error'],
    [{ sum: 'amount' }, { amount: 1e300 }, 'error'],
    [{ by: 'to' }, { to: { x: 1 } }, 'error'],
    [{ by: 'to' }, {}, 'error'],
    [{ by: 'to' }, { to: 'x'.repeat(300) }, 'error'],
  ])('%j with %j takes %s', (limit, args, expected) => {
    const decision = decide(rules({ max: 100, ...limit }), ask('Mail_Send', args), now)
    expect(decision.refusal === 'denied' ? 'error' : decision.charges[0]?.amount).toBe(expected)
  })

  it('takes no write from a read', () => {
    expect(charge({ max: 1, count: 'writes' }, ask('Mail_List', {}, { tool: { behaviour: reads } }))).toBeUndefined()
  })

  it('keeps one counter for each of what it counts per', () => {
    const key = (limit: object, question: Question): string =>
      charge({ max: 9, every: 'day', ...limit }, question)?.key ?? ''
    const other = ask('Mail_Other', { to: 'x' }, { user: { ...alice, id: 'user-bob' as typeof alice.id }, task: 't' })
    const mine = ask('Mail_Send', { to: 'y' })
    for (const per of ['user', 'tool', 'task']) expect(key({ per: [per] }, mine)).not.toBe(key({ per: [per] }, other))
    for (const per of ['session', 'agent', 'gateway'])
      expect(key({ per: [per] }, mine)).toBe(key({ per: [per] }, other))
    expect(key({ by: 'to' }, mine)).not.toBe(key({ by: 'to' }, other))
    expect(key({ by: 'to' }, mine)).toBe(key({ by: 'to' }, ask('Mail_Send', { to: ' Y\u200b' })))
    expect(key({ by: 'to' }, ask('A_x', { to: 1 }))).not.toBe(key({ by: 'to' }, ask('A_x', { to: '1' })))
  })

  it.each([
    [['session'], 'session'],
    [['session', 'tool'], 'session'],
    [['task'], 'session'],
    [['user'], 'gateway'],
    [['agent', 'tool'], 'gateway'],
    [['gateway'], 'gateway'],
  ])('counts per %j in the %s', (per, scope) => {
    expect(charge({ max: 1, per, every: 'day' })?.scope).toBe(scope)
  })

  it.each([
    ['minute', 'UTC', '2026-11-20T10:01:00.000Z'],
    ['hour', 'UTC', '2026-11-20T11:00:00.000Z'],
    ['day', 'UTC', '2026-11-21T00:00:00.000Z'],
    ['day', 'Asia/Tokyo', '2026-11-20T15:00:00.000Z'],
    ['day', 'America/New_York', '2026-11-21T05:00:00.000Z'],
    ['week', 'UTC', '2026-11-23T00:00:00.000Z'],
    ['month', 'Europe/Berlin', '2026-11-30T23:00:00.000Z'],
  ])('starts again every %s in %s', (every, zone, expected) => {
    const first = charge({ max: 1, every, zone })
    const resetsAt = first?.resetsAt ?? 0
    expect(new Date(resetsAt).toISOString()).toBe(expected)
    expect(charge({ max: 1, every, zone }, ask('Mail_Send'), resetsAt - 1)?.key).toBe(first?.key)
    expect(charge({ max: 1, every, zone }, ask('Mail_Send'), resetsAt)?.key).not.toBe(first?.key)
  })

  it('errs, and so denies, when its condition errs', () => {
    const compiled = rules({ max: 3 }, { when: { argument: 'amount', gt: 5 } })
    expect(decide(compiled, ask('Mail_Send', { amount: 4 }), now)).toMatchObject({ effect: 'permit', charges: [] })
    expect(decide(compiled, ask('Mail_Send', { amount: 6 }), now).charges).toHaveLength(1)
    expect(decide(compiled, ask('Mail_Send', { amount: '6' }), now)).toMatchObject({
      effect: 'deny',
      refusal: 'denied',
    })
  })
})

describe('takeCharges', () => {
  const of = (key: string, amount: number, max: number): Charge => ({
    rule: key,
    key,
    amount,
    max,
    scope: 'session',
    resetsAt: null,
  })

  it('takes all or none', () => {
    const store = new Map<string, Counter>([['b', { spent: 2, resetsAt: null }]])
    const taken = takeCharges((key) => store.get(key), [of('a', 1, 5), of('b', 1, 2)], now)
    expect(taken).toMatchObject({ ok: false, reached: { key: 'b' } })
    expect(store.get('a')).toBeUndefined()
  })

  it('adds up two charges on one counter', () => {
    expect(takeCharges(() => undefined, [of('a', 2, 3), of('a', 2, 3)], now).ok).toBe(false)
  })

  it('forgets a counter whose period is over', () => {
    const counter = { spent: 5, resetsAt: now }
    expect(takeCharges(() => counter, [of('a', 1, 5)], now)).toMatchObject({ ok: true, counters: { a: { spent: 1 } } })
    expect(takeCharges(() => ({ ...counter, resetsAt: now + 1 }), [of('a', 1, 5)], now).ok).toBe(false)
  })

  it('never takes an amount that is no number', () => {
    expect(takeCharges(() => undefined, [of('a', Number.NaN, 5)], now).ok).toBe(false)
  })

  it('lets through exactly what fits, whatever is asked and given back', () => {
    const calls = fc.array(fc.record({ amount: fc.integer({ min: 1, max: 4 }), fails: fc.boolean() }), {
      maxLength: 60,
    })
    const property = fc.property(calls, fc.integer({ min: 0, max: 12 }), (list, max) => {
      const store = new Map<string, Counter>()
      let spent = 0
      for (const { amount, fails } of list) {
        const charges = [of('a', amount, max)]
        const taken = takeCharges((key) => store.get(key), charges, now)
        expect(taken.ok).toBe(spent + amount <= max)
        if (!taken.ok) continue
        for (const [key, counter] of Object.entries(taken.counters)) store.set(key, counter)
        spent += amount
        if (!fails) continue
        for (const [key, counter] of Object.entries(giveBack((k) => store.get(k), charges, now)))
          store.set(key, counter)
        spent -= amount
      }
      expect(store.get('a')?.spent ?? 0).toBe(spent)
    })
    fc.assert(property)
  })
})
