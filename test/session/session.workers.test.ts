import { afterEach, describe, expect, it, vi } from 'vitest'
import { alice } from '../vault/vault-harness.ts'
import { call, connectAccount, newWorld, sessionOf, features } from './session-harness.ts'

afterEach(() => vi.unstubAllGlobals())

const user = { login: 'alice-dev', name: 'Alice', html_url: 'https://github.test/alice-dev' }

describe('a tool call', () => {
  it('asks the person to connect an account first, then runs with their own token', async () => {
    const world = await newWorld()
    const caller = await world.person('alice')
    const asked = await call(caller, 'GitHub_WhoAmI')
    expect(asked).toMatchObject({
      kind: 'refused',
      error: { code: 'vault/authorization_needed' },
      resume: { wait: 'authorization' },
    })
    expect(world.requests).toHaveLength(0)

    await connectAccount(world, caller, alice)
    world.answer(() => Response.json(user))
    const reply = await call(caller, 'GitHub_WhoAmI')
    expect(reply).toMatchObject({
      kind: 'output',
      output: { structuredContent: { login: 'alice-dev', name: 'Alice', url: 'https://github.test/alice-dev' } },
    })
    const token = world.requests[0]?.headers.get('authorization')?.replace('Bearer ', '') ?? ''
    expect(world.fixture.isLive(token)).toBe(true)
  })

  it('looks the same from outside when the tool is denied and when there is none', async () => {
    const forbidden = { id: 'no-issues', effect: 'forbid', tools: { names: ['GitHub_CreateIssue'] } }
    const world = await newWorld({
      rules: { user: [{ id: 'u', effect: 'permit' }, forbidden], agent: [{ id: 'a', effect: 'permit' }] },
    })
    const caller = await world.person('alice')
    const denied = await call(caller, 'GitHub_CreateIssue', { nonsense: true })
    const unknown = await call(caller, 'GitHub_NoSuchTool', { nonsense: true })
    expect(denied.kind === 'refused' && denied.error).toEqual({ code: 'policy/denied' })
    expect(unknown.kind === 'refused' && unknown.error).toEqual({ code: 'runtime/unknown_tool' })
    const session = await sessionOf(caller)
    const list = await session.listTools({ caller, features })
    expect(list.ok && list.tools.map(({ name }) => name)).not.toContain('GitHub_CreateIssue')
    expect(list.ok && list.tools.map(({ name }) => name)).toContain('GitHub_ListIssues')
  })
})
