import { describe, expect, it } from 'vitest'
import { callTool, useOffer } from '../../src/runtime/runtime.ts'
import { toolNamed } from '../support/fake-front.ts'
import { callOf, fakeRuntime, permitAll, snapshotOf } from '../support/runtime.ts'

const forbidden = { id: 'nobody', effect: 'forbid', tools: { names: ['Pay_Out'] } }
const rules = { user: [...permitAll.user, forbidden], agent: permitAll.agent }

/** Every question that a refusal asks of what surrounds the runtime, in order. */
async function workOf(name: string) {
  const work: string[] = []
  const { use } = fakeRuntime(snapshotOf([toolNamed('Pay_Out')], { rules }))
  const counted = <Part extends object>(what: string, part: Part): Part =>
    new Proxy(part, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key)
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          work.push(`${what}.${String(key)}`)
          return Reflect.apply(value, target, args) as unknown
        }
      },
    })
  const { gateway, facts, record, credentials, approvals, runner } = use
  const reply = await callTool(callOf(name, { nonsense: true }), {
    ...use,
    gateway: counted('gateway', gateway),
    facts: counted('facts', facts),
    record: counted('record', record),
    credentials: counted('credentials', credentials),
    approvals: counted('approvals', approvals),
    runner: counted('runner', runner),
  })
  return { work, reply }
}

describe('a denied tool and an unknown tool (attack case 63)', () => {
  it('cost the same work: the same questions to the rules, the same memory, one line in the record, and no other step', async () => {
    const denied = await workOf('Pay_Out')
    const unknown = await workOf('Pay_Nothing')
    expect(denied.work).toEqual(['gateway.find', 'facts.read', 'gateway.couldPermit', 'record.refused'])
    expect(unknown.work).toEqual(denied.work)
    expect(denied.reply).toMatchObject({ error: { code: 'policy/denied' } })
    expect(unknown.reply).toMatchObject({ error: { code: 'runtime/unknown_tool' } })
  })

  it('are told in one way for prompts and resources too', async () => {
    const { use } = fakeRuntime(snapshotOf([], { rules }))
    const { name: _, arguments: __, ...call } = callOf('')
    for (const [method, params] of [
      ['prompts/get', { name: 'Pay_Out' }],
      ['resources/read', { uri: 'file:///x' }],
      ['completion/complete', { ref: { type: 'ref/prompt', name: 'Pay_Out' }, argument: { name: 'a', value: '' } }],
    ] as const) {
      expect(await useOffer(call, method, params, use)).toMatchObject({
        kind: 'refused',
        error: { message: 'This does not exist here, or may not be used.' },
      })
    }
  })
})
