import { env } from 'cloudflare:workers'
import { vi } from 'vitest'
import { readConfig } from '../../src/config/config.ts'
import type { Result } from '../../src/core/result.ts'
import { sealSecret } from '../../src/core/seal.ts'
import { openDb } from '../../src/db/db.ts'
import { providers } from '../../src/db/schema.ts'
import type { ConnectEnd, LeaseRequest, Vault } from '../../src/vault/vault.ts'
import { clientSecretContext, readLink, vaultOf } from '../../src/vault/vault.ts'
import type { ProviderSpecInput } from '../../src/vault/provider-spec.ts'
import type { FixtureAccount, FixtureOptions } from '../support/providers/oauth-fixture.ts'
import { OAuthFixture } from '../support/providers/oauth-fixture.ts'

const read = readConfig(env)
if (!read.ok) throw new Error(JSON.stringify(read.error))
export const config = read.value

export const alice: FixtureAccount = { id: '1001', login: 'alice-dev', email: 'alice@acme.test' }
export const mallory: FixtureAccount = { id: '6666', login: 'mallory', email: 'mallory@evil.test' }

/** A spec for the fixture: what an administrator would write for any OAuth 2 service. */
export const fixtureSpec = (more: Partial<ProviderSpecInput> = {}): ProviderSpecInput => ({
  id: 'fixture',
  name: 'Fixture',
  authorize: { url: 'https://provider.test/authorize' },
  token: { url: 'https://provider.test/token' },
  refresh: { rotation: 'single_use' },
  revoke: { url: 'https://provider.test/revoke', params: { token: '{access_token}' } },
  account: {
    request: { url: 'https://provider.test/me', method: 'GET', auth: 'bearer' },
    id: '{account.id}',
    label: '{account.login}',
    email: '{account.email}',
  },
  api: { base: 'https://api.provider.test/v1', origins: ['https://api.provider.test'] },
  ...more,
})

let count = 0

/** One provider in a project of its own, with the fixture behind every request that leaves. */
export async function setUp(
  options: Partial<FixtureOptions> = {},
  spec: Partial<ProviderSpecInput> | string = {},
  settings: Record<string, unknown> = {},
) {
  const project = `vault-test-${++count}-${crypto.randomUUID().slice(0, 8)}`
  const provider = typeof spec === 'string' ? spec : 'fixture'
  const fixture = new OAuthFixture({ redirectUris: [`${config.publicUrl}/connect/callback/${provider}`], ...options })
  await openDb(env.DB)
    .insert(providers)
    .values({
      project,
      id: provider,
      spec: typeof spec === 'string' ? spec : fixtureSpec(spec),
      clientId: fixture.options.clientId,
      sealedSecret: await sealSecret(config, clientSecretContext(project, provider), fixture.options.clientSecret),
      settings,
      updatedAt: 0,
    })
  answerWith(fixture)
  const user = `user-${project}`
  return { project, provider, fixture, user, vault: vaultOf(env, user), stub: stubOf(user), visitor: { project, user } }
}

export type Setup = Awaited<ReturnType<typeof setUp>>

export const stubOf = (user: string) => env.VAULT.get(env.VAULT.idFromName(user)) as DurableObjectStub<Vault>

export function answerWith(fixture: OAuthFixture): void {
  vi.stubGlobal('fetch', (input: RequestInfo, init?: RequestInit) => {
    const request = new Request(input, init)
    if (!fixture.has(request.url)) throw new TypeError(`no route to ${request.url}`)
    return fixture.handle(request)
  })
}

export function leaseRequest(setup: Setup, more: Partial<LeaseRequest> = {}): LeaseRequest {
  return {
    project: setup.project,
    user: setup.user,
    session: 'session-1',
    provider: setup.provider,
    scopes: ['repo'],
    why: { callId: 'call-1', gateway: 'engineering', agentId: 'agent-1', agentName: 'Agent', tool: 'List issues' },
    ...more,
  }
}

export function mustBe<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}

/** The link in the refusal that asks for a connection, opened. */
export async function linkOf(setup: Setup, more: Partial<LeaseRequest> = {}): Promise<{ nonce: string; link: string }> {
  const refused = await setup.vault.lease(leaseRequest(setup, more))
  if (refused.ok) throw new Error('nothing to connect')
  return openLink(refused.error.help?.url ?? JSON.stringify(refused.error))
}

async function openLink(url: string): Promise<{ nonce: string; link: string }> {
  const link = url.split('/connect/')[1] ?? ''
  const opened = await readLink(config.stateKey, 'connect', link, Date.now())
  if (!opened) throw new Error(`no link in ${url}`)
  return { nonce: opened.nonce, link }
}

/** As far as the provider's consent page. */
export async function startLink(setup: Setup, url: string) {
  const { nonce } = await openLink(url)
  const [pending] = mustBe(await setup.vault.viewConnect(nonce, setup.visitor)).slice(-1)
  const started = mustBe(await setup.vault.startConnect(nonce, pending?.ticket ?? '', setup.visitor))
  const state = await readLink(config.stateKey, 'state', started.state, Date.now())
  return { ...started, nonce, stateNonce: state?.nonce ?? '' }
}

export async function start(setup: Setup, more: Partial<LeaseRequest> = {}) {
  const { link } = await linkOf(setup, more)
  return startLink(setup, `/connect/${link}`)
}

export async function finish(
  setup: Setup,
  { authorizeUrl, stateNonce }: { authorizeUrl: string; stateNonce: string },
  account: FixtureAccount,
  granted?: readonly string[],
): Promise<ConnectEnd> {
  const query = setup.fixture.consent(authorizeUrl, account, granted).search
  const { provider, visitor } = setup
  const end = mustBe(await setup.vault.finishConnect({ stateNonce, provider, query, visitor }))
  return end.kind === 'confirm' ? mustBe(await setup.vault.confirmConnect(end.held, visitor, true)) : end
}

/** The whole browser leg, by the right person. */
export async function connect(
  setup: Setup,
  account: FixtureAccount = alice,
  more: Partial<LeaseRequest> = {},
  granted?: readonly string[],
): Promise<ConnectEnd> {
  return finish(setup, await start(setup, more), account, granted)
}
