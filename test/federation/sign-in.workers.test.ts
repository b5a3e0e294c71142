import { env } from 'cloudflare:test'
import { and, eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config/config.ts'
import { systemClock } from '../../src/core/clock.ts'
import { providers } from '../../src/db/schema.ts'
import { createEgress } from '../../src/egress/egress.ts'
import { federationUse, setUpSignIn } from '../../src/federation/federation.ts'
import { testProject } from '../support/gateway-fixtures.ts'

type Page = Record<string, unknown>

const server = 'https://shop.example'
const issuer = 'https://login.example'
const resourcePage = `${server}/.well-known/oauth-protected-resource/mcp`
const metadata = (of: string) => `${of}/.well-known/oauth-authorization-server`
const authority = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  revocation_endpoint: `${issuer}/revoke`,
  registration_endpoint: `${issuer}/register`,
  code_challenge_methods_supported: ['S256'],
  grant_types_supported: ['authorization_code', 'refresh_token'],
}
const honest: Record<string, Page> = {
  [resourcePage]: { resource: `${server}/mcp`, authorization_servers: [issuer] },
  [metadata(issuer)]: authority,
}

function use() {
  const config = readConfig(env)
  if (!config.ok) throw new Error('no configuration')
  return federationUse(env, config.value, testProject, systemClock)
}

const its = (id: string) => and(eq(providers.project, testProject), eq(providers.id, id))

/** Signs in at what these pages say. */
async function signIn(id: string, pages: Record<string, Page>, url = `${server}/mcp`) {
  const fetch = async (asked: string): Promise<Response> => {
    if (asked.endsWith('/mcp') && !asked.includes('well-known')) return new Response('sign in', { status: 401 })
    if (asked.endsWith('/register')) return Response.json({ client_id: 'us' }, { status: 201 })
    return pages[asked] ? Response.json(pages[asked]) : new Response('none', { status: 404 })
  }
  const egress = createEgress({ development: false, egressAllow: [] }, { fetch })
  return setUpSignIn({ id, url, title: 'Shop' }, { ...use(), egress })
}

async function signedIn(...args: Parameters<typeof signIn>): Promise<string> {
  const result = await signIn(...args)
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value.provider
}

async function specOf(id: string) {
  return (await use().db.select({ spec: providers.spec }).from(providers).where(its(id)))[0]?.spec
}

describe('a sign-in that is repeated', () => {
  it('keeps its provider while nothing changed', async () => {
    const first = await signedIn('same', honest)
    expect(first).toBe('mcp-same')
    expect(await signedIn('same', honest)).toBe(first)
  })

  it('does not take a server that drops its metadata and speaks for the issuer itself', async () => {
    const first = await signedIn('impostor', honest)
    const before = await specOf(first)
    const claimed = { ...authority, token_endpoint: `${server}/token`, registration_endpoint: `${server}/register` }
    expect(await signIn('impostor', { [metadata(server)]: claimed })).toMatchObject({
      ok: false,
      error: { evidence: { fault: 'issuer_mismatch' } },
    })
    expect(await specOf(first)).toEqual(before)
  })

  it.each<[string, Record<string, Page>]>([
    [
      'another issuer',
      {
        [resourcePage]: { resource: `${server}/mcp`, authorization_servers: ['https://other.example'] },
        [metadata('https://other.example')]: { ...authority, issuer: 'https://other.example' },
      },
    ],
    [
      'another token address',
      { ...honest, [metadata(issuer)]: { ...authority, token_endpoint: 'https://x.example/t' } },
    ],
    [
      'another revocation address',
      {
        ...honest,
        [metadata(issuer)]: { ...authority, revocation_endpoint: 'https://x.example/r' },
      },
    ],
    ['its own origin, with no metadata at all', {}],
  ])('gets another provider for %s, so that nothing people gave goes there', async (name, pages) => {
    const id = `moved-${name.length}`
    const first = await signedIn(id, honest)
    const before = await specOf(first)
    const second = await signedIn(id, pages)
    expect(second).not.toBe(first)
    expect(await specOf(first)).toEqual(before)
    expect(await signedIn(id, pages)).toBe(second)
    expect(await signedIn(id, honest)).toBe(first)
  })

  it('gets another provider for another server, though the same people sign in there', async () => {
    const first = await signedIn('apart', honest)
    const elsewhere = 'https://store.example'
    const pages = {
      ...honest,
      [`${elsewhere}/.well-known/oauth-protected-resource/mcp`]: {
        resource: `${elsewhere}/mcp`,
        authorization_servers: [issuer],
      },
    }
    expect(await signedIn('apart', pages, `${elsewhere}/mcp`)).not.toBe(first)
  })

  it("never takes another's provider, even where the mark in its name is the same", async () => {
    const first = await signedIn('marked', honest)
    const own = await signedIn('marked', {})
    const spec = (await specOf(first)) as object
    await use().db.update(providers).set({ spec }).where(its(own))
    expect(await signIn('marked', {})).toMatchObject({ ok: false, error: { evidence: { fault: 'provider_taken' } } })
    expect(await specOf(own)).toEqual(spec)
  })
})
