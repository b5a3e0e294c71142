import { env } from 'cloudflare:workers'
import { vi } from 'vitest'
import type { Caller } from '../../src/core/caller.ts'
import type { AgentId, GatewayId, GrantId, ProjectId } from '../../src/core/ids.ts'
import { sessionId, userId } from '../../src/core/ids.ts'
import type { JsonObject } from '../../src/core/json.ts'
import { sealSecret } from '../../src/core/seal.ts'
import { openDb } from '../../src/db/db.ts'
import { providers, toolPins, upstreams } from '../../src/db/schema.ts'
import type { ClientFeatures, SessionApi, SessionControl } from '../../src/session/session.ts'
import { clientSecretContext, readLink, vaultOf } from '../../src/vault/vault.ts'
import { documentOf, newName, published } from '../support/gateway-fixtures.ts'
import type { FixtureAccount } from '../support/providers/oauth-fixture.ts'
import { OAuthFixture } from '../support/providers/oauth-fixture.ts'
import { config, fixtureSpec, mustBe } from '../vault/vault-harness.ts'
import type { InMemoryServer } from '../support/upstream-in-memory.ts'
import { pinsOf, serveInMemory } from '../support/upstream-in-memory.ts'

export const features: ClientFeatures = {
  era: 'modern',
  protocolVersion: '2026-07-28',
  elicitationUrl: true,
  capabilities: {},
}

export const permitAll = {
  user: [{ id: 'user-all', effect: 'permit' }],
  agent: [{ id: 'agent-all', effect: 'permit' }],
}

/** Answers what the provider's API is asked, by `METHOD /path`. Counts what arrives. */
export type Api = (request: Request) => Response | Promise<Response>

export type World = Awaited<ReturnType<typeof newWorld>>

/**
 * A project with one gateway that offers the GitHub toolkit, a provider behind it, and whoever is asked for. `servers` are MCP
 * servers that an administrator has added and admitted.
 */
export async function newWorld(document: Record<string, unknown> = {}, servers: Record<string, InMemoryServer> = {}) {
  const project = `session-${crypto.randomUUID().slice(0, 8)}` as ProjectId
  const name = newName()
  const fixture = new OAuthFixture({ redirectUris: [`${config.publicUrl}/connect/callback/github`] })
  await openDb(env.DB)
    .insert(providers)
    .values({
      project,
      id: 'github',
      spec: fixtureSpec({ id: 'github' }),
      clientId: fixture.options.clientId,
      sealedSecret: await sealSecret(config, clientSecretContext(project, 'github'), fixture.options.clientSecret),
      settings: {},
      updatedAt: 0,
    })
  const hosts = new Map<string, Api>()
  for (const [id, server] of Object.entries(servers)) {
    hosts.set(`${id}.server.test`, serveInMemory(server))
    const db = openDb(env.DB)
    await db.insert(upstreams).values({ project, id, url: `https://${id}.server.test/mcp`, settings: {}, updatedAt: 0 })
    for (const pin of pinsOf(server)) await db.insert(toolPins).values({ ...pin, project, upstream: id })
  }
  const requests: Request[] = []
  let api: Api = () => Response.json({})
  vi.stubGlobal('fetch', async (input: RequestInfo, init?: RequestInit) => {
    const request = new Request(input, init)
    if (request.url.startsWith('https://api.provider.test/')) {
      requests.push(request.clone())
      return api(request)
    }
    const host = hosts.get(new URL(request.url).host)
    return host ? host(request) : fixture.handle(request)
  })
  const first = documentOf(name, { tools: [{ toolkit: 'GitHub' }], rules: permitAll, ...document })
  const { gateway } = await published(first, null, { project })

  async function person(subject: string, more: Partial<Caller> = {}): Promise<Caller> {
    const issuer = 'https://idp.test'
    return {
      project,
      gateway: gateway as GatewayId,
      user: {
        id: await userId(project, issuer, subject),
        kind: 'person',
        issuer,
        subject,
        name: subject,
        email: `${subject}@acme.test`,
        groups: [],
        attributes: {},
      },
      agent: {
        id: 'agent-1' as AgentId,
        kind: 'cimd',
        clientId: 'https://agent.test/client.json',
        name: 'Agent',
        host: 'agent.test',
        trust: 'known',
      },
      grant: `grant-${subject}` as GrantId,
      readAt: Date.now(),
      authenticatedAt: Date.now(),
      expiresAt: Date.now() + 3_600_000,
      ...more,
    }
  }

  return {
    project,
    gateway: gateway as GatewayId,
    name,
    fixture,
    requests,
    person,
    answer: (next: Api) => (api = next),
    /** Answers what is asked of one more host. */
    host: (name: string, next: Api) => void hosts.set(name, next),
    publish: (next: Record<string, unknown>, base: number) =>
      published(documentOf(name, { tools: [{ toolkit: 'GitHub' }], rules: permitAll, ...next }), base, { project }),
  }
}

export async function sessionOf(caller: Caller): Promise<SessionApi & SessionControl> {
  const { project, gateway, user, agent, grant } = caller
  const name = await sessionId(project, gateway, user.id, agent.id, grant)
  return env.SESSION.getByName(name) as unknown as SessionApi & SessionControl
}

export async function call(caller: Caller, name: string, args: JsonObject = {}, more: Record<string, unknown> = {}) {
  const session = await sessionOf(caller)
  return session.callTool({ caller, features, name, arguments: args, ...more })
}

/** The whole browser leg for the account that a call asked for. */
export async function connectAccount(
  world: World,
  caller: Caller,
  account: FixtureAccount,
  tool = 'GitHub_WhoAmI',
  args: JsonObject = {},
): Promise<void> {
  const refused = await call(caller, tool, args)
  if (refused.kind !== 'refused') throw new Error('nothing to connect')
  const link = await readLink(
    config.stateKey,
    'connect',
    refused.error.help?.url?.split('/connect/')[1] ?? '',
    Date.now(),
  )
  if (!link) throw new Error(`no link in ${JSON.stringify(refused)}`)
  const vault = vaultOf(env, caller.user.id)
  const visitor = { project: world.project, user: caller.user.id }
  const pending = mustBe(await vault.viewConnect(link.nonce, visitor))
  const started = mustBe(await vault.startConnect(link.nonce, pending.at(-1)?.ticket ?? '', visitor))
  const state = await readLink(config.stateKey, 'state', started.state, Date.now())
  const query = world.fixture.consent(started.authorizeUrl, account).search
  let end = await vault.finishConnect({ stateNonce: state?.nonce ?? '', provider: 'github', query, visitor })
  if (end.ok && end.value.kind === 'confirm') end = await vault.confirmConnect(end.value.held, visitor, true)
  if (mustBe(end).kind !== 'connected') throw new Error(JSON.stringify(end))
}
