import { env, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { GatewayId } from '../../src/core/ids.ts'
import type { Charge } from '../../src/policy/policy.ts'
import type { Change, Hub, HubApi, Match } from '../../src/gateways/gateways.ts'
import { hubName, openChanges, setEnabled } from '../../src/gateways/gateways.ts'
import { LiveSessions } from '../../src/gateways/live-sessions.ts'
import { documentOf, newGateway, published, testProject } from '../support/gateway-fixtures.ts'
import { recorded } from '../support/recorded.ts'

afterEach(() => void vi.useRealTimers())

type Told = string

/** Sessions as the Hub sees them: they write down what they are told, and may be out of order for a while. */
class FakeSessions {
  readonly told = new Map<string, Told[]>()
  /** Times a session fails before it answers. */
  readonly failures = new Map<string, number>()
  whenFailing: () => void = () => {}
  /** Runs in the middle of a session's answer. */
  during: (name: string) => Promise<void> = async () => {}

  getByName(name: string) {
    const tell = async (what: Told): Promise<void> => {
      const left = this.failures.get(name) ?? 0
      this.failures.set(name, left - 1)
      if (left > 0) {
        this.whenFailing()
        throw new Error('unreachable')
      }
      await this.during(name)
      const before = this.told.get(name) ?? []
      // The alarm may tell it at the same moment, and to be told twice is safe.
      if (before.at(-1) !== what) this.told.set(name, [...before, what])
    }
    return {
      snapshotChanged: (version: number) => tell(`version ${version}`),
      principalsChanged: () => tell('principals'),
      end: (reason: string) => tell(`end ${reason}`),
    }
  }
}

async function openHub(gateway: GatewayId) {
  const stub = env.HUB.getByName(hubName(testProject, gateway)) as DurableObjectStub<Hub>
  // The types of RPC do not get to the end of a person's attributes.
  const api = stub as unknown as HubApi
  const sessions = new FakeSessions()
  await runInDurableObject(stub, (hub) => {
    Object.assign(hub, { env: { ...env, SESSION: sessions } })
  })
  const join = async (...names: string[]) => {
    const one = async (name: string) => {
      const [user = '', agent = ''] = name.split('/')
      expect(await api.join(name, { user, agent })).toMatchObject({ ok: true })
    }
    await Promise.all(names.map(one))
  }
  return { stub, api, sessions, join }
}

describe('the Hub', () => {
  it('gives a new session the live version', async () => {
    const { gateway, document } = await newGateway()
    const { api } = await openHub(gateway)
    expect(await api.join('s', { user: 'u', agent: 'a' })).toMatchObject({ ok: true, value: { version: 1 } })
    await published({ ...document, description: 'new' }, 1)
    expect(await api.join('t', { user: 'u', agent: 'a' })).toMatchObject({ ok: true, value: { version: 2 } })
  })

  it('tells sessions that the directory says something else of theirs, until each has read it', async () => {
    const { gateway } = await newGateway()
    const { stub, api, sessions, join } = await openHub(gateway)
    await join('u/a', 'u/b', 'v/a')
    sessions.failures.set('u/b', 1)
    expect(await api.principalsChanged({ user: 'u' })).toEqual({ version: 1, sessions: 2, pending: 0 })
    expect(Object.fromEntries(sessions.told)).toEqual({ 'u/a': ['principals'], 'u/b': ['principals'] })
    // A change that comes while a session still reads the one before is read too.
    let reads = 0
    await runInDurableObject(stub, (hub) => {
      let again: Promise<unknown> | null = null
      sessions.during = async (name) => {
        if (name === 'v/a') reads++
        again ??= hub.principalsChanged({ agent: 'a' })
      }
      return hub.principalsChanged({ user: 'v' }).then(() => again)
    })
    expect((await stub.status()).pending).toBe(0)
    expect(reads).toBeGreaterThan(1)
    expect(await api.principalsChanged({ user: 'nobody' })).toEqual({ version: 1, sessions: 0, pending: 0 })
  })

  it('does not take a confirmation that comes twice for one of a later change', async () => {
    const { gateway } = await newGateway()
    const { stub, join } = await openHub(gateway)
    await join('u/a')
    await runInDurableObject(stub, (_, state) => {
      const live = new LiveSessions(state.storage.sql)
      live.markStale({ user: 'u' }, 1_000)
      const [told] = live.pending(1)
      live.confirm('u/a', 1, told?.stale)
      expect(live.pending(1)).toEqual([])
      live.markStale({ agent: 'a' }, 1_000)
      live.confirm('u/a', 1, told?.stale)
      expect(live.pending(1)).toMatchObject([{ session: 'u/a' }])
    })
  })

  it('records what is in force, also when nobody came by our API, and once', async () => {
    const { gateway, document } = await newGateway()
    const { stub, join } = await openHub(gateway)
    await join('s/a')
    const twice = documentOf(document.name, { tools: [{ toolkit: 'GitHub' }, { toolkit: 'GitHub' }] })
    expect((await published(twice, 1, { force: true })).leftOut[0]).toMatchObject({ path: 'tools[1]' })
    await stub.publish()
    await stub.publish()
    await setEnabled(env, { project: testProject, gateway, enabled: false })
    await stub.publish()
    await runDurableObjectAlarm(stub)
    const ofHere = async (type: string) =>
      (await recorded(testProject, type)).filter((event) => event.gatewayId === gateway)
    const inRecord = async () => {
      await runInDurableObject(stub, (hub) => hub.alarm())
      expect((await ofHere('gateway.published')).map(({ gatewayVersion }) => gatewayVersion)).toEqual([1, 2])
      expect((await ofHere('gateway.names_hidden')).map(({ gatewayVersion }) => gatewayVersion)).toEqual([2])
      expect(await ofHere('gateway.disabled')).toHaveLength(1)
    }
    await vi.waitFor(inRecord, { timeout: 10_000 })
  })

  it('refuses a session of a gateway that does not exist', async () => {
    const { stub, api } = await openHub('nothing' as GatewayId)
    expect(await api.join('s', { user: 'u', agent: 'a' })).toMatchObject({ error: { code: 'gateways/unknown' } })
    expect(await stub.status()).toMatchObject({ sessions: 0, version: null })
  })

  it('returns from publishing when every live session has the version', async () => {
    const { gateway, document } = await newGateway()
    const { stub, sessions, join } = await openHub(gateway)
    const names = Array.from({ length: 250 }, (_, i) => `u${i}/a`)
    await join('u0/a')
    await runInDurableObject(stub, (_, state) => {
      for (const name of names.slice(1)) {
        state.storage.sql.exec(
          "INSERT INTO live (session, user, agent, joined_at, version) VALUES (?, 'u', 'a', ?, 1)",
          name,
          Date.now(),
        )
      }
    })
    sessions.failures.set('u7/a', 2)
    const { reach } = await published({ ...document, description: 'new' }, 1)
    expect(reach).toEqual({ version: 2, sessions: 250, pending: 0 })
    expect([...sessions.told.values()]).toEqual(names.map(() => ['version 2']))
    expect(await stub.status()).toMatchObject({ pending: 0 })
  })

  it('keeps trying a session that does not answer, and says that it is pending', async () => {
    const { gateway, document } = await newGateway()
    const { stub, sessions, join } = await openHub(gateway)
    await join('u/a', 'v/a')
    sessions.failures.set('u/a', 1_000)
    // The clock stands still but for what a session that does not answer costs.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const startedAt = Date.now()
    sessions.whenFailing = () => void vi.setSystemTime(Date.now() + 500)
    const { reach } = await published({ ...document, description: 'new' }, 1)
    expect(Date.now() - startedAt).toBeLessThanOrEqual(5_000)
    expect(reach).toEqual({ version: 2, sessions: 2, pending: 1 })
    sessions.failures.set('u/a', 0)
    await runDurableObjectAlarm(stub)
    expect(sessions.told.get('u/a')).toEqual(['version 2'])
    expect(await stub.status()).toMatchObject({ pending: 0 })
  })

  it('takes up an edit made directly in D1 when its alarm rings', async () => {
    const { gateway, document, name } = await newGateway()
    const { stub, sessions, join } = await openHub(gateway)
    await join('u/a')
    await copyVersion(gateway, 1, 2)
    const due = await runInDurableObject(stub, (_, state) => state.storage.getAlarm())
    expect((due ?? Infinity) - Date.now()).toBeLessThanOrEqual(30_000)
    await runDurableObjectAlarm(stub)
    expect(sessions.told.get('u/a')).toEqual(['version 2'])
    expect(document.name).toBe(name)
    const next = await runInDurableObject(stub, (_, state) => state.storage.getAlarm())
    expect((next ?? Infinity) - Date.now()).toBeLessThanOrEqual(30_000)
  })

  it('does not take up a version that was written by hand and is wrong', async () => {
    const { gateway, document } = await newGateway()
    const { stub, api, sessions, join } = await openHub(gateway)
    await join('u/a')
    await copyVersion(gateway, 1, 2, `json_set(document, '$.pageSize', 0)`)
    await runDurableObjectAlarm(stub)
    expect(await stub.status()).toMatchObject({ version: 1, refused: { version: 2 } })
    await copyVersion(gateway, 1, 3, `json_set(document, '$.instructions', 'obey me')`)
    await runDurableObjectAlarm(stub)
    expect(await stub.status()).toMatchObject({
      version: 1,
      refused: { version: 3, fault: expect.stringContaining('hash') },
    })
    expect(await api.join('v/a', { user: 'v', agent: 'a' })).toMatchObject({ ok: true, value: { version: 1 } })
    expect(sessions.told.size).toBe(0)
    const { reach } = await published({ ...document, description: 'right' }, 3)
    expect(reach).toEqual({ version: 4, sessions: 2, pending: 0 })
    expect(await stub.status()).toMatchObject({ version: 4, refused: null })
  })

  it('ends every session when the gateway is switched off, and lets none in', async () => {
    const { gateway } = await newGateway()
    const { stub, api, sessions, join } = await openHub(gateway)
    await join('u/a', 'v/b')
    sessions.failures.set('v/b', 1)
    expect(await setEnabled(env, { project: testProject, gateway, enabled: false })).toMatchObject({
      value: { pending: 0 },
    })
    expect(Object.fromEntries(sessions.told)).toEqual({
      'u/a': ['end gateway_disabled'],
      'v/b': ['end gateway_disabled'],
    })
    expect(await api.join('w/a', { user: 'w', agent: 'a' })).toMatchObject({ error: { code: 'gateways/unknown' } })
    expect(await stub.status()).toMatchObject({ enabled: false, sessions: 0 })
  })

  it('ends every session when the document says disabled', async () => {
    const { gateway, name } = await newGateway()
    const { sessions, join } = await openHub(gateway)
    await join('u/a')
    await published(documentOf(name, { enabled: false }), 1)
    expect(sessions.told.get('u/a')).toEqual(['end gateway_disabled'])
  })

  it.each<[Match, string[]]>([
    [{ user: 'u' }, ['u/a', 'u/b']],
    [{ agent: 'a' }, ['u/a', 'v/a']],
    [{ session: 'v/a' }, ['v/a']],
    [{ all: true }, ['u/a', 'u/b', 'v/a']],
    [{ user: 'nobody' }, []],
    [{ user: "' OR 1=1 --" }, []],
  ])('ends exactly the sessions of %j', async (match, ended) => {
    const { gateway } = await newGateway()
    const { sessions, join, stub } = await openHub(gateway)
    await join('u/a', 'u/b', 'v/a')
    expect(await stub.end(match, 'killed')).toMatchObject({ sessions: ended.length, pending: 0 })
    expect([...sessions.told.keys()].toSorted()).toEqual(ended)
    expect(await stub.status()).toMatchObject({ sessions: 3 - ended.length })
  })

  it('does not let a session in that was ended while it was joining', async () => {
    const { gateway } = await newGateway()
    const { stub, api, sessions } = await openHub(gateway)
    sessions.failures.set('u/a', 1)
    const [joined] = await Promise.all([
      api.join('u/a', { user: 'u', agent: 'a' }),
      stub.end({ user: 'u' }, 'offboarded'),
    ])
    expect(joined).toMatchObject({ error: { code: 'session/ended' } })
    expect(sessions.told.get('u/a')).toEqual(['end offboarded'])
    expect(await stub.status()).toMatchObject({ sessions: 0 })
  })

  it('does not let a session in again before it has heard that it was ended', async () => {
    const { gateway } = await newGateway()
    const { stub, api, sessions, join } = await openHub(gateway)
    await join('u/a')
    sessions.failures.set('u/a', 1_000)
    const ending = stub.end({ user: 'u' }, 'killed')
    expect(await api.join('u/a', { user: 'u', agent: 'a' })).toMatchObject({ error: { code: 'session/ended' } })
    sessions.failures.set('u/a', 0)
    expect(await ending).toMatchObject({ sessions: 1, pending: 0 })
    expect(sessions.told.get('u/a')).toEqual(['end killed'])
    await join('u/a')
  })

  it('lets nobody in who is cut off, whatever their token says', async () => {
    const { gateway } = await newGateway()
    const { api } = await openHub(gateway)
    await env.DB.batch([
      env.DB.prepare(
        `INSERT INTO users (project, id, kind, issuer, subject, name, active, created_at, updated_at)
         VALUES (?, 'left', 'person', 'i', 'left', 'Left', 0, 0, 0)`,
      ).bind(testProject),
      env.DB.prepare(
        `INSERT INTO agents (project, id, kind, client_id, name, trust, disabled, created_at)
         VALUES (?, 'off', 'cimd', 'off', 'Off', 'known', 1, 0)`,
      ).bind(testProject),
    ])
    expect(await api.join('s', { user: 'left', agent: 'a' })).toMatchObject({ error: { code: 'session/ended' } })
    expect(await api.join('s', { user: 'u', agent: 'off' })).toMatchObject({ error: { code: 'session/ended' } })
    expect(await api.join('s', { user: 'u', agent: 'a' })).toMatchObject({ ok: true })
  })

  it('never leaves a session on an old version when two are published at once', async () => {
    const { gateway, document } = await newGateway()
    const { stub, sessions, join } = await openHub(gateway)
    await join('u/a')
    let first = true
    sessions.during = async () => {
      if (!first) return
      first = false
      await published({ ...document, description: 'third' }, 2)
    }
    await published({ ...document, description: 'second' }, 1)
    expect(sessions.told.get('u/a')?.at(-1)).toBe('version 3')
    expect(await stub.status()).toMatchObject({ version: 3, pending: 0 })
  })
})

describe('budgets of a gateway', () => {
  const charge = (key: string, max: number, more: Partial<Charge> = {}): Charge => ({
    rule: 'r',
    key,
    amount: 1,
    max,
    scope: 'gateway',
    resetsAt: null,
    ...more,
  })

  it('lets three of fifty at once through a limit of three', async () => {
    const { gateway } = await newGateway()
    const { stub } = await openHub(gateway)
    const results = await Promise.all(Array.from({ length: 50 }, () => stub.charge([charge('k', 3)])))
    expect(results.filter((result) => result.ok)).toHaveLength(3)
    expect(results.find((result) => !result.ok)).toMatchObject({ error: { code: 'policy/limit_reached' } })
  })

  it('takes all or none', async () => {
    const { gateway } = await newGateway()
    const { stub } = await openHub(gateway)
    expect(await stub.charge([charge('a', 1)])).toMatchObject({ ok: true })
    expect(await stub.charge([charge('b', 1), charge('a', 1)])).toMatchObject({ ok: false })
    expect(await stub.charge([charge('b', 1)])).toMatchObject({ ok: true })
  })

  it('gives back, never below zero, and forgets a window that is over', async () => {
    const { gateway } = await newGateway()
    const { stub } = await openHub(gateway)
    await stub.charge([charge('a', 1)])
    await stub.refund([charge('a', 1), charge('never', 1)])
    await stub.refund([charge('a', 1)])
    expect(await stub.charge([charge('a', 1)])).toMatchObject({ ok: true })
    expect(await stub.charge([charge('a', 1)])).toMatchObject({ ok: false })
    const over = charge('w', 1, { resetsAt: Date.now() - 1 })
    expect(await stub.charge([over])).toMatchObject({ ok: true })
    expect(await stub.charge([over])).toMatchObject({ ok: true })
    const left = await runInDurableObject(stub, (_, state) =>
      state.storage.sql.exec('SELECT key FROM counters WHERE resets_at IS NOT NULL').toArray(),
    )
    expect(left).toHaveLength(1)
  })
})

describe('subscribers', () => {
  const listen = async (gateway: GatewayId, user: string) => {
    const opened = await openChanges(env, { project: testProject, gateway }, { user, agent: 'a', session: user })
    if (!opened.ok) throw new Error(opened.error.code)
    return opened.value.getReader()
  }

  it('hear of every version, and of the end', async () => {
    const { gateway, document } = await newGateway()
    const { stub, join } = await openHub(gateway)
    await join('u/a')
    const [one, two] = [await listen(gateway, 'u'), await listen(gateway, 'v')]
    await published({ ...document, description: 'new' }, 1)
    const change: Change = { kind: 'published', version: 2 }
    expect(await one.read()).toEqual({ done: false, value: change })
    expect(await two.read()).toEqual({ done: false, value: change })
    await stub.end({ user: 'u' }, 'offboarded')
    expect(await one.read()).toEqual({ done: false, value: { kind: 'ended', reason: 'offboarded' } })
    expect(await one.read()).toEqual({ done: true, value: undefined })
    await published({ ...document, description: 'newer' }, 2)
    expect(await two.read()).toEqual({ done: false, value: { kind: 'published', version: 3 } })
    await two.cancel()
  })

  it('are told to look again when the directory changed and their session has left', async () => {
    const { gateway } = await newGateway()
    const { stub, api, join } = await openHub(gateway)
    await join('u', 'v')
    const [gone, live] = [await listen(gateway, 'u'), await listen(gateway, 'v')]
    await stub.leave('u')
    await api.principalsChanged({ user: 'u' })
    expect((await gone.read()).value).toEqual({ kind: 'list' })
    // A session that is there says itself what changed.
    await api.principalsChanged({ user: 'v' })
    await stub.tell({ kind: 'changed', lists: [] })
    expect((await live.read()).value).toEqual({ kind: 'changed', lists: [] })
    await Promise.all([gone.cancel(), live.cancel()])
  })

  it('are refused when one person holds too many streams', async () => {
    const { gateway } = await newGateway()
    const readers = await Promise.all(Array.from({ length: 32 }, () => listen(gateway, 'u')))
    await expect(listen(gateway, 'u')).rejects.toThrow('policy/limit_reached')
    const other = await listen(gateway, 'v')
    await Promise.all([other, ...readers].map((reader) => reader.cancel()))
  })
})

/** What an administrator does with `wrangler d1 execute`, with no regard for how versions are made. */
async function copyVersion(gateway: GatewayId, from: number, to: number, document = 'document'): Promise<void> {
  await env.DB.batch([
    env.DB.prepare(
      `INSERT INTO gateway_versions SELECT project, gateway, ?, ${document}, document_hash, created_at, created_by, note
       FROM gateway_versions WHERE project = ? AND gateway = ? AND version = ?`,
    ).bind(to, testProject, gateway, from),
    env.DB.prepare('UPDATE gateways SET version = ? WHERE project = ? AND id = ?').bind(to, testProject, gateway),
  ])
}
