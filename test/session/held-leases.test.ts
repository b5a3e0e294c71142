import { describe, expect, it } from 'vitest'
import type { SessionId } from '../../src/core/ids.ts'
import type { ToolCall } from '../../src/runtime/runtime.ts'
import { HeldLeases } from '../../src/session/credentials.ts'
import type { Lease } from '../../src/vault/vault.ts'

const start = 1_800_000_000_000
const call = { id: 'c', arguments: {}, caller: { project: 'p', user: { id: 'u' }, agent: {} } } as unknown as ToolCall
const tool = { title: 'T', authorization: { provider: 'github', scopes: [] } } as never

function held() {
  let now = start
  let lent = 0
  const leases = new HeldLeases({
    vault: () => ({
      lease: async () => {
        const value = {
          secret: `token-${++lent}`,
          connection: 'c1',
          generation: lent,
          scopes: [],
          expiresAt: now + 300_000,
        }
        return { ok: true, value: value as unknown as Lease }
      },
    }),
    session: 's' as SessionId,
    gateway: 'g',
    now: () => now,
    consent: () => ({}),
  })
  return { leases, later: (ms: number) => (now += ms), lent: () => lent }
}

describe('leases in a session', () => {
  it('are asked for once in five minutes, and again when they are called back', async () => {
    const { leases, later, lent } = held()
    for (let n = 0; n < 3; n++) await leases.lease(call, tool)
    expect(lent()).toBe(1)
    leases.recall(['other'])
    await leases.lease(call, tool)
    expect(lent()).toBe(1)
    leases.recall(['c1'])
    await leases.lease(call, tool)
    later(300_000)
    await leases.lease(call, tool)
    expect(lent()).toBe(3)
  })

  it('are cut out of what leaves also after they were called back, while a call with them may be under way', async () => {
    const { leases, later } = held()
    await leases.lease(call, tool)
    leases.recall(null)
    await leases.lease(call, tool)
    expect(leases.secrets()).toEqual(['token-1', 'token-2'])
    later(600_000)
    expect(leases.secrets()).toEqual([])
  })
})
