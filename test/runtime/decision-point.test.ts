import { describe, expect, it } from 'vitest'
import type { External } from '../../src/policy/policy.ts'
import { callTool } from '../../src/runtime/runtime.ts'
import { toolNamed } from '../support/fake-front.ts'
import { callOf, fakeRuntime, permitAll, snapshotOf } from '../support/runtime.ts'

const decisionPoint = { url: 'https://pdp.acme.test/access/v1/evaluation' }

function worldWith(external: External | (() => Promise<External>), rules: object = permitAll) {
  let asked = 0
  const snapshot = snapshotOf([toolNamed('Pay_Out')], { decisionPoint, rules })
  const world = fakeRuntime(snapshot, {
    askDecisionPoint: async () => {
      asked++
      return typeof external === 'function' ? external() : external
    },
  })
  return { ...world, asked: () => asked, call: () => callTool(callOf('Pay_Out'), world.use) }
}

describe("the company's decision point as a term of the decision", () => {
  it('lets a call run when it permits, and stands in the record', async () => {
    const world = worldWith({ decision: 'permit', source: 'pdp.acme.test' })
    expect(await world.call()).toMatchObject({ kind: 'output' })
    expect(world.recorded[0]?.entry.decision?.terms).toContainEqual({
      name: 'external',
      holds: true,
      because: [
        { rule: null, effect: null, outcome: 'matched', clause: 'pdp.acme.test', expected: 'permit', actual: 'permit' },
      ],
    })
  })

  it('denies like an unknown tool when it denies', async () => {
    const world = worldWith({ decision: 'deny', reason: 'pdp_denied', detail: 'secret policy' })
    const reply = await world.call()
    expect(reply).toEqual({ kind: 'refused', callId: 'call-1', error: { code: 'policy/denied' } })
    expect(world.ran).toHaveLength(0)
    expect(world.recorded).toMatchObject([{ type: 'refused', entry: { decision: { effect: 'deny' } } }])
  })

  it.each(['unavailable', 'invalid'] as const)(
    'runs nothing when it is %s, and says that it could not be asked',
    async (decision) => {
      const world = worldWith({ decision, reason: `pdp_${decision}` })
      expect(await world.call()).toMatchObject({ kind: 'refused', error: { code: 'policy/undecided' } })
      expect(world.ran).toHaveLength(0)
      const external = world.recorded[0]?.entry.decision?.terms.find(({ name }) => name === 'external')
      expect(external).toMatchObject({ holds: false, because: [{ actual: `pdp_${decision}` }] })
    },
  )

  it('is not asked about what our own rules deny, and a spent budget of a denied call is given to nobody', async () => {
    const nobody = worldWith({ decision: 'permit' }, { user: [], agent: permitAll.agent })
    expect(await nobody.call()).toMatchObject({ error: { code: 'policy/denied' } })
    expect(nobody.asked()).toBe(0)

    const once = { id: 'once', effect: 'limit', limit: { max: 1 } }
    const answers: External[] = [{ decision: 'deny' }, { decision: 'permit' }]
    const budget = worldWith(async () => answers.shift() ?? { decision: 'permit' }, {
      user: [...permitAll.user, once],
      agent: permitAll.agent,
    })
    expect(await budget.call()).toMatchObject({ error: { code: 'policy/denied' } })
    expect(await budget.call()).toMatchObject({ kind: 'output' })
    expect(await budget.call()).toMatchObject({ error: { code: 'policy/limit_reached' } })
  })

  it('is not asked at all where none is configured', async () => {
    const world = fakeRuntime(snapshotOf([toolNamed('Pay_Out')]), {
      askDecisionPoint: () => Promise.reject(new Error('asked')),
    })
    expect(await callTool(callOf('Pay_Out'), world.use)).toMatchObject({ kind: 'output' })
  })
})
