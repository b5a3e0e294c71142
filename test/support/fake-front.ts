import type { Caller } from '../../src/core/caller.ts'
import type { GatewayRoute } from '../../src/core/gateway-route.ts'
import type { AgentId, GatewayId, GrantId, ProjectId, UserId } from '../../src/core/ids.ts'
import type { Tool } from '../../src/core/tool.ts'
import type { Change, ChangeFeed, ChangeListener, Turn } from '../../src/mcp/mcp.ts'
import type { Rooms } from '../../src/http/rooms.ts'
import type { CallReply } from '../../src/core/call.ts'
import type { CallRequest, RefusedRequest } from '../../src/session/session.ts'
import { fromBase64 } from '../../src/core/bytes.ts'
import { ok, refuse } from '../../src/core/result.ts'
import { Answers } from '../../src/session/answers.ts'
import { createApp } from '../../src/http/app.ts'
import { testVars } from './test-vars.ts'
import { toolNamed } from './tool-named.ts'

export const gatewayUrl = `${testVars.BEHALF_PUBLIC_URL}/eng/mcp`

export function callerNamed(name: string, gateway = 'eng'): Caller {
  return {
    project: 'project' as ProjectId,
    gateway: `gateway-${gateway}` as GatewayId,
    user: {
      id: `user-${name}` as UserId,
      kind: 'person',
      issuer: 'https://idp.test',
      subject: name,
      name,
      groups: [],
      attributes: {},
    },
    agent: { id: 'agent' as AgentId, kind: 'cimd', clientId: 'https://client.test/', name: 'Client', trust: 'known' },
    grant: `grant-${name}` as GrantId,
    readAt: 0,
    authenticatedAt: 0,
    expiresAt: Number.MAX_SAFE_INTEGER,
  }
}

export { toolNamed } from './tool-named.ts'

type SessionParts = Partial<Turn['session']> & { tools?: Tool[] }

/** A Session object in memory. By default every call answers with who called and with what. */
export class FakeSession {
  readonly calls: CallRequest[] = []
  readonly cancelled: string[] = []
  readonly refusals: RefusedRequest[] = []
  readonly ended = new Set<string>()
  readonly levels = new Map<string, string>()
  readonly answers = new Answers()
  readonly parts: SessionParts

  constructor(parts: SessionParts = {}) {
    this.parts = parts
  }

  for(caller: Caller): Turn['session'] {
    const dead = (conversation: string | undefined) => conversation !== undefined && this.ended.has(conversation)
    return {
      about: async (who, conversation) =>
        dead(conversation)
          ? refuse('session/unknown')
          : {
              ok: true,
              name: 'eng',
              title: 'Engineering',
              instructions: `Tools for ${who.user.name}.`,
              version: 1,
              features: { tools: true, prompts: false, resources: false, completions: false },
            },
      callTool: async (request) => {
        this.calls.push(request)
        if (dead(request.features.conversation)) return refused('session/unknown')
        return said(`${caller.user.name}: ${JSON.stringify(request.arguments)}`)
      },
      recordRefusal: async (request) => void this.refusals.push(request),
      cancelCall: async (key) => void this.cancelled.push(key),
      listTools: async ({ features }) =>
        dead(features.conversation)
          ? refuse('session/unknown')
          : { ok: true, tools: this.parts.tools ?? [toolNamed('Test_Echo')], version: 1 },
      endConversation: async (conversation) => void this.ended.add(conversation),
      setLogLevel: async (conversation, level) => void this.levels.set(conversation, level),
      hearsLog: async () => null,
      beginHearing: async () => {},
      awaitAnswer: (conversation, question, timeoutMs) => this.answers.wait(conversation, question, timeoutMs),
      deliverAnswer: async (conversation, question, answer) => this.answers.deliver(conversation, question, answer),
      callAsTask: async (request) => this.for(caller).callTool(request),
      getTask: async () => refuse('session/unknown_task'),
      updateTask: async () => refuse('session/unknown_task'),
      cancelTask: async () => refuse('session/unknown_task'),
      offer: async () => ({ kind: 'refused', callId: 'call-1', error: { code: 'core/not_found' } }),
      ...this.parts,
    }
  }
}

export const said = (text: string, callId = 'call-1'): CallReply => ({
  kind: 'output',
  callId,
  output: { content: [{ type: 'text', text }] },
})

export const refused = (code: Parameters<typeof refuse>[0], more: Parameters<typeof refuse>[1] = {}): CallReply => ({
  kind: 'refused',
  callId: 'call-1',
  error: refuse(code, more).error,
})

export class FakeChanges implements ChangeFeed {
  readonly listeners = new Set<ChangeListener>()
  readonly #heard = Promise.withResolvers<void>()
  /** Settles when somebody listens. */
  readonly heard = this.#heard.promise
  async subscribe(_caller: Caller, listener: ChangeListener) {
    this.listeners.add(listener)
    this.#heard.resolve()
    return ok(() => void this.listeners.delete(listener))
  }
  tell(change: Change): void {
    for (const { changed } of this.listeners) changed(change)
  }
  update(uri: string): void {
    for (const { updated } of this.listeners) updated(uri)
  }
  work(id: string): void {
    for (const { task } of this.listeners) task?.(id)
  }
  end(): void {
    for (const { ended } of this.listeners) ended()
  }
}

export type Front = {
  session: FakeSession
  changes: FakeChanges
  fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>
}

const start = 1_800_000_000_000

/** The site with gateways `eng` and `ops`; a bearer token is the name of its owner. */
export function front(session = new FakeSession(), more: Partial<Rooms> = {}): Front {
  const changes = new FakeChanges()
  const rooms: Rooms = {
    config: {
      publicUrl: testVars.BEHALF_PUBLIC_URL,
      baseHost: 'gw.behalf.test',
      keks: new Map(),
      activeKek: '1',
      stateKey: fromBase64(testVars.BEHALF_STATE_KEY),
      ledgerKey: fromBase64(testVars.BEHALF_LEDGER_KEY),
      recoveryKey: null,
      bootstrapAdminHash: null,
      development: false,
      egressAllow: [],
      dynamicRegistration: false,
      session: { idleMs: 1, maxAgeMs: 1 },
    },
    now: () => start,
    resolveGateway: async (url) => routeOf(url),
    identify: async (request, gateway) => {
      const name = /^Bearer (\w+)$/.exec(request.headers.get('authorization') ?? '')?.[1]
      return name ? ok(callerNamed(name, gateway.slug)) : refuse('identity/unauthenticated')
    },
    challenge: (gateway) => `Bearer resource_metadata="${gateway.resource}"`,
    session: async (caller) => ({ session: session.for(caller) }),
    changes,
    mount: () => {},
    ...more,
  }
  const app = createApp(rooms)
  const context = { waitUntil: () => {}, passThroughOnException: () => {}, props: {} }
  const fetch: Front['fetch'] = async (input, init) =>
    app.fetch(
      input instanceof Request ? input : new Request(input, init),
      {} as Env,
      context as unknown as ExecutionContext,
    )
  return { session, changes, fetch }
}

function routeOf(url: Pick<URL, 'host' | 'pathname' | 'origin'>): GatewayRoute | null {
  const slug = /^\/(\w+)\/mcp$/.exec(url.pathname)?.[1] ?? /^(\w+)\.gw\.behalf\.test$/.exec(url.host)?.[1]
  if (slug !== 'eng' && slug !== 'ops' && slug !== 'off') return null
  return {
    project: 'project' as ProjectId,
    gateway: `gateway-${slug}` as GatewayId,
    slug,
    title: slug,
    enabled: slug !== 'off',
    version: 1,
    resource: `${url.origin}${url.pathname}`,
    resources: [`${url.origin}${url.pathname}`],
    signIn: { modes: ['oauth'], identityProvider: null, trustedClients: [] },
  }
}

export const modernMeta = (capabilities: object = {}) => ({
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': capabilities,
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
})

/**
 * Both ways a request can take through `mcp`: the quick lane takes only what is plain, which this content type is not. The quick
 * lane knows an envelope once the SDK has seen it: see `primed`.
 */
export const lanes = { quick: 'application/json', sdk: 'application/json; charset=utf-8' } as const

export async function primed(site: Front): Promise<Front> {
  await site.fetch(modern({ method: 'server/discover' }))
  return site
}

type Posted = { method: string; id?: string | number; params?: Record<string, unknown>; capabilities?: object }

/** A well-formed 2026-07-28 request by `who`; `headers` are added, or taken away with null. */
export function modern(
  { method, id = 1, params = {}, capabilities = {} }: Posted,
  {
    who = 'alice',
    url = gatewayUrl,
    headers = {},
  }: { who?: string; url?: string; headers?: Record<string, string | null> } = {},
): Request {
  const body = {
    jsonrpc: '2.0',
    id,
    method,
    params: { ...params, _meta: { ...modernMeta(capabilities), ...(params['_meta'] as object) } },
  }
  const name = params['name']
  return post(url, body, {
    authorization: `Bearer ${who}`,
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    'mcp-name': typeof name === 'string' ? name : null,
    ...headers,
  })
}

export function post(url: string, body: unknown, headers: Record<string, string | null> = {}): Request {
  const all = new Headers({ 'content-type': 'application/json', accept: 'application/json, text/event-stream' })
  for (const [name, value] of Object.entries(headers)) {
    if (value === null) all.delete(name)
    else all.set(name, value)
  }
  return new Request(url, {
    method: 'POST',
    headers: all,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

export type Wire = {
  jsonrpc: '2.0'
  id: string | number | null
  result?: Record<string, unknown> & { content?: { type: string; text: string }[]; isError?: boolean }
  error?: { code: number; message: string; data?: Record<string, unknown> }
}

export const read = async (response: Response): Promise<Wire> => (await response.json()) as Wire
