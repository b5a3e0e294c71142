import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { hex, sha256 } from '../../src/core/bytes.ts'
import { openDb } from '../../src/db/db.ts'
import { agents, keys } from '../../src/db/schema.ts'
import { handle } from '../../src/http/http.ts'
import { connectAccount, newWorld } from '../session/session-harness.ts'
import { alice, config } from '../vault/vault-harness.ts'

afterEach(() => vi.unstubAllGlobals())

const issuer = 'https://idp.test'

/** A gateway that takes an app key, and a person whose account is connected. */
async function setUp() {
  const world = await newWorld({ signIn: { modes: ['app_key'] } })
  const token = `bh_app_${crypto.randomUUID()}`
  const db = openDb(env.DB)
  const { project } = world
  const at = Date.now()
  await db
    .insert(agents)
    .values({ project, id: 'app', kind: 'app_key', clientId: 'app', name: 'App', trust: 'known', createdAt: at })
  await db.insert(keys).values({
    project,
    id: 'key',
    kind: 'app',
    hash: hex(await sha256(token)),
    prefix: 'bh_app_',
    name: 'App',
    role: 'call',
    agent: 'app',
    actsFor: issuer,
    createdAt: at,
    createdBy: 'test',
  })
  await connectAccount(world, await world.person('alice'), alice)
  world.answer(() => Response.json({ login: 'alice-dev', html_url: 'https://github.test/alice-dev' }))

  async function call(): Promise<unknown> {
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    const request = new Request(`${config.publicUrl}/${world.name}/mcp`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'behalf-user': `${issuer}|alice`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': 'GitHub_WhoAmI',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'GitHub_WhoAmI', arguments: {}, _meta: meta },
      }),
    })
    const context = createExecutionContext()
    const response = await handle(request, env, context)
    const body: unknown = await response.json()
    await waitOnExecutionContext(context)
    return body
  }
  return { call }
}

/** Watches every way to D1, to KV and to another object, on the classes that the Worker's and the objects' bindings share. */
function watch() {
  const seen: string[] = []
  const on = (binding: object, name: string, methods: readonly string[]) => {
    const prototype = Object.getPrototypeOf(binding) as Record<string, (...args: unknown[]) => unknown>
    for (const method of methods) {
      const original = prototype[method]
      if (original === undefined) throw new Error(`${name} has no ${method}`)
      vi.spyOn(prototype, method).mockImplementation(function (this: unknown, ...args) {
        seen.push(`${name}.${method}`)
        return original.apply(this, args)
      })
    }
  }
  on(env.DB, 'D1', ['prepare', 'batch', 'exec'])
  on(env.DB.withSession(), 'D1 session', ['prepare', 'batch'])
  on(env.KV, 'KV', ['get', 'getWithMetadata', 'list', 'put'])
  on(env.SESSION, 'object', ['get', 'getByName'])
  return seen
}

describe('a warm call', () => {
  it('reads no D1 and no KV, and goes through one object before the provider', async () => {
    const { call } = await setUp()
    expect(await call()).toMatchObject({ result: { structuredContent: { login: 'alice-dev' } } })
    await call()
    const seen = watch()
    expect(await call()).toMatchObject({ result: { structuredContent: { login: 'alice-dev' } } })
    const hops = [...seen]
    vi.restoreAllMocks()
    expect(hops).toEqual(['object.getByName'])
  })

  it('is seen to be cold the first time, or this test could not fail', async () => {
    const { call } = await setUp()
    const seen = watch()
    await call()
    vi.restoreAllMocks()
    expect(seen.filter((one) => one.startsWith('D1')).length).toBeGreaterThan(0)
    expect(seen.filter((one) => one.startsWith('object')).length).toBeGreaterThan(1)
  })
})
