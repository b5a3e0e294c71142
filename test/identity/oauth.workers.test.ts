import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { identifyCaller } from '../../src/identity/identity.ts'
import { connected, createWorld, calling } from './support/world.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the whole way', () => {
  it('signs a person in, asks them, and gives the client a token for one gateway', async () => {
    const world = await createWorld()
    const { tokens } = await connected(world)
    expect(tokens).toMatchObject({ scope: 'mcp', resource: world.tools.resource })
    const caller = await identifyCaller(calling(tokens.access_token), world.tools, world.deps)
    expect(caller).toMatchObject({
      ok: true,
      value: {
        project: world.project,
        gateway: world.tools.gateway,
        user: { issuer: world.idp.issuer, subject: 'alice', name: 'Alice', groups: ['engineering'] },
        agent: { kind: 'dcr', name: 'Client', trust: 'unknown' },
      },
    })
  })
})
