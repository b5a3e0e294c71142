import type { ServerCapabilities } from '@modelcontextprotocol/server'
import { createMcpHandler, Server, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import { env, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { afterEach, beforeEach, vi } from 'vitest'
import { readConfig } from '../../src/config/config.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { FederationUse } from '../../src/federation/federation.ts'
import {
  decidePins,
  federationUse,
  pendingHash,
  readPins,
  saveUpstream,
  upstreamSettingsSchema,
} from '../../src/federation/federation.ts'
import { watchName } from '../../src/gateways/gateways.ts'
import { testProject } from './gateway-fixtures.ts'

const url = 'https://crm.example/mcp'

/** A server at the other end of `fetch`. What it says and how it speaks is what stands here when it is asked. */
class FederatedServer {
  tools: Record<string, string> = { lookup: 'Looks a customer up.', count: 'Counts customers.' }
  down = false
  /** How often it was asked to tell of changes. */
  listeners = 0
  /** It knows 2025-x only, without sessions. */
  legacy = false
  capabilities: ServerCapabilities = { tools: { listChanged: true } }

  answer(): void {
    const build = (): Server => {
      const server = new Server({ name: 'crm', version: '1' }, { capabilities: this.capabilities })
      server.setRequestHandler('tools/list', () => ({
        tools: Object.entries(this.tools).map(([name, description]) => ({
          name,
          description,
          inputSchema: { type: 'object' as const },
        })),
      }))
      return server
    }
    const modern = createMcpHandler(build)
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
      if (this.down) throw new TypeError('no route')
      const request = new Request(input, init)
      if (request.headers.get('mcp-method') === 'subscriptions/listen') this.listeners++
      if (!this.legacy) return modern.fetch(request)
      const transport = new WebStandardStreamableHTTPServerTransport({})
      await build().connect(transport)
      return transport.handleRequest(request)
    })
  }
}

/** One for the tests of a file, as new before each of them. After each, `fetch` and the clock are the platform's again. */
export function federatedServer(): FederatedServer {
  const server = new FederatedServer()
  beforeEach(() => {
    Object.assign(server, new FederatedServer())
    server.answer()
  })
  afterEach(() => {
    vi.restoreAllMocks()
    vi.useRealTimers()
  })
  return server
}

export function use(of: Env = env): FederationUse {
  const config = readConfig(of)
  if (!config.ok) throw new Error('no configuration')
  return federationUse(of, config.value, testProject, systemClock)
}

export async function save(id: string): Promise<void> {
  const settings = upstreamSettingsSchema.parse({})
  const saved = await saveUpstream({ id, url, settings, enabled: true }, use())
  if (!saved.ok) throw new Error(saved.error.code)
}

/** Adds the server and admits what it offers. */
export async function admit(id: string) {
  await save(id)
  const decided = await admitAll(id, use())
  if (!decided.ok) throw new Error(decided.error.code)
  return env.WATCH.getByName(watchName(testProject, id))
}

/** As an administrator who looked at everything. */
export async function admitAll(id: string, by: FederationUse) {
  const pins = await readPins(by, id)
  const decisions = await Promise.all(
    pins.map(async (pin) => ({
      kind: pin.kind,
      name: pin.name,
      decision: 'admit' as const,
      hash: await pendingHash(pin),
    })),
  )
  return decidePins(id, decisions, 'test', by)
}

/** The time comes to look again. */
export async function later(stub: Awaited<ReturnType<typeof admit>>): Promise<number> {
  const at = await runInDurableObject(stub, (_, state) => state.storage.getAlarm())
  if (at === null) throw new Error('nothing will happen any more')
  vi.useFakeTimers({ toFake: ['Date'], now: at })
  if (!(await runDurableObjectAlarm(stub))) throw new Error('nothing happened')
  return at
}
