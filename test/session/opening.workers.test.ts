import { env, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import type { Caller } from '../../src/core/caller.ts'
import type { AgentId, GrantId, UserId } from '../../src/core/ids.ts'
import { sessionId } from '../../src/core/ids.ts'
import type { Session, SessionApi } from '../../src/session/session.ts'
import { newGateway, published, testProject } from '../support/gateway-fixtures.ts'

const features = { era: 'modern', protocolVersion: '2026-07-28', elicitationUrl: false, capabilities: {} } as const

/** A session whose Hub says something in the moment between letting it in and its being ready. */
async function openWhile(say: (session: Session) => unknown) {
  const { gateway, document } = await newGateway()
  const user = crypto.randomUUID() as UserId
  const caller: Caller = {
    project: testProject,
    gateway,
    user: { id: user, kind: 'person', issuer: 'i', subject: user, name: 'U', groups: [], attributes: {} },
    agent: { id: 'a' as AgentId, kind: 'app_key', clientId: 'app:a', name: 'A', trust: 'known' },
    grant: 'g' as GrantId,
    readAt: 0,
    authenticatedAt: 0,
    expiresAt: Number.MAX_SAFE_INTEGER,
  }
  const name = await sessionId(testProject, gateway, user, caller.agent.id, caller.grant)
  const stub = env.SESSION.getByName(name)
  let said: unknown
  await runInDurableObject(stub as unknown as DurableObjectStub<Session>, (session) => {
    const hub = {
      join: async () => {
        await Promise.resolve()
        said = say(session)
        return { ok: true, value: { version: 1, principals: { user: null, agent: null, readAt: 0 } } }
      },
    }
    Object.assign(session, { env: { ...env, HUB: { getByName: () => hub } } })
  })
  await published({ ...document, description: 'second' }, 1)
  const api = stub as unknown as SessionApi
  const first = await api.listTools({ caller, features })
  await said
  return { first, next: await api.listTools({ caller, features }) }
}

describe('a session that is just opening', () => {
  it('takes a version that is published meanwhile', async () => {
    const { next } = await openWhile((session) => session.snapshotChanged(2))
    expect(next).toMatchObject({ ok: true, version: 2 })
  })

  it('is ended by a kill switch that is thrown meanwhile', async () => {
    const { next } = await openWhile((session) => session.end('killed'))
    expect(next).toMatchObject({ ok: false, error: { code: 'session/ended' } })
  })
})
