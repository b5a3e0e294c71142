import { describe, expect, it } from 'vitest'
import { simulate, whoCan, type RecordedCall } from '../../src/policy/policy.ts'
import { alice, ask, compile, desk, now } from './questions.ts'

const anyAgent = { id: 'any-agent', effect: 'permit' }
const rules = (...user: object[]) => compile({ user, agent: [anyAgent] })
const all = { id: 'all', effect: 'permit' }

describe('simulate', () => {
  const recorded = Array.from({ length: 20 }, (_, i): RecordedCall => {
    const user = { ...alice, id: `user-${i % 3}` as typeof alice.id }
    return {
      call: `call-${i}`,
      at: now + i,
      effect: 'permit',
      question: ask(i % 2 === 0 ? 'Pay_Out' : 'Pay_In', { amount: i }, { user }),
    }
  })

  it('groups what would flip, and says by which rule', () => {
    const draft = rules(all, {
      id: 'cap',
      effect: 'forbid',
      tools: { names: ['Pay_Out'] },
      when: { argument: 'amount', gte: 10 },
    })
    expect(simulate(rules(all), draft, recorded)).toEqual({
      calls: 20,
      same: 15,
      notReproduced: 0,
      flips: [
        {
          from: 'permit',
          to: 'deny',
          tool: 'Pay_Out',
          agent: desk.clientId,
          rules: ['cap'],
          calls: 5,
          users: 3,
          examples: ['call-10', 'call-12', 'call-14', 'call-16', 'call-18'],
        },
      ],
    })
  })

  it('puts the larger group first and tells different reasons apart', () => {
    const draft = rules(
      all,
      { id: 'a', effect: 'forbid', when: { argument: 'amount', lt: 2 } },
      { id: 'b', effect: 'approve', approval: { self: true }, when: { argument: 'amount', gte: 4 } },
    )
    const { flips } = simulate(rules(all), draft, recorded)
    expect(flips.map(({ to, tool, calls }) => [to, tool, calls])).toEqual([
      ['approve', 'Pay_Out', 8],
      ['approve', 'Pay_In', 8],
      ['deny', 'Pay_Out', 1],
      ['deny', 'Pay_In', 1],
    ])
  })

  it('counts the calls whose record does not say all that was known', () => {
    const changed = recorded.map((call, i) => (i < 3 ? { ...call, effect: 'deny' as const } : call))
    expect(simulate(rules(all), rules(all), changed)).toMatchObject({ same: 20, notReproduced: 3, flips: [] })
  })
})

describe('whoCan', () => {
  const bob = { ...alice, id: 'user-bob' as typeof alice.id, groups: ['sales'] }
  const eve = { ...alice, id: 'user-eve' as typeof alice.id, groups: [] }
  const robot = { ...desk, id: 'agent-robot' as typeof desk.id, clientId: 'robot', trust: 'unknown' as const }
  const { gateway, tool } = ask('Claims_Process')

  it('lists who could, how often, and by which rules', () => {
    const compiled = compile({
      user: [
        { id: 'claims', effect: 'permit', users: { groups: ['claims'] } },
        { id: 'sales', effect: 'permit', users: { groups: ['sales'] }, when: { argument: 'amount', lt: 5 } },
      ],
      agent: [
        { id: 'known', effect: 'permit', agents: { trust: ['known'] } },
        { id: 'office', effect: 'permit', when: { time: { zone: 'UTC', from: '09:00', to: '17:00' } } },
        { id: 'confirm', effect: 'approve', agents: { clientIds: ['robot'] }, approval: { self: true } },
      ],
    })
    expect(whoCan(compiled, { gateway, tool }, { users: [alice, bob, eve], agents: [desk, robot] }, now)).toEqual([
      { user: alice.id, agent: desk.id, may: 'always', rules: ['claims', 'known', 'office'] },
      { user: alice.id, agent: robot.id, may: 'approval', rules: ['claims', 'office', 'confirm'] },
      { user: bob.id, agent: desk.id, may: 'sometimes', rules: ['sales', 'known', 'office'] },
      { user: bob.id, agent: robot.id, may: 'approval', rules: ['sales', 'office', 'confirm'] },
    ])
  })
})
