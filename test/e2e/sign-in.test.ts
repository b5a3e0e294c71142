import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import {
  auth as authV2,
  Client as ClientV2,
  StreamableHTTPClientTransport as TransportV2,
} from '@modelcontextprotocol/client'
import { auth as authV1 } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createChildren } from '../../scripts/lib/children.ts'
import { command } from '../../scripts/lib/command.ts'
import { freePortsFor, startLocal } from '../../scripts/lib/local-deployment.ts'
import { freePort } from '../../scripts/lib/ports.ts'
import { admin } from '../../scripts/lib/seed-demo.ts'
import { readConfig } from '../../src/config/config.ts'
import { identityProviderRow } from '../../src/identity/identity-provider.ts'
import type { Company } from './support/company.ts'
import { startCompany } from './support/company.ts'
import { createPerson } from './support/person.ts'
import { createMemoryProvider } from './support/memory-provider.ts'

const callback = 'http://localhost:4290/callback'
const children = createChildren(() => {}, console.log)
let folder = ''
let company: Company
let url = ''

/** The real Worker in workerd, the company's real OpenID provider, and official clients, without anything in between. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'behalf-sign-in-'))
  const [ports, companyPort] = [await freePortsFor(), await freePort()]
  company = await startCompany(companyPort, `http://localhost:${ports.worker}/sign-in/callback`)
  const allow = [`localhost:${companyPort}`]
  const deployment = await startLocal(children, { ports, demo: false, folder, allow, tell: () => undefined })
  url = deployment.url
  await addCompany()
  const document = { kind: 'Gateway', name: 'tools', title: 'Company tools', for: { everyone: true } }
  await admin(deployment, 'POST', '/gateways/apply', { document, base: null })
})

afterAll(async () => {
  await children.stop()
  await company?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Straight into the database, as an administrator without the API would. */
async function addCompany(): Promise<void> {
  const config = readConfig(parseEnv(readFileSync(join(folder, 'vars'), 'utf8')))
  if (!config.ok) throw new Error('the vars are not complete')
  const settings = { scopes: ['openid', 'profile', 'email', 'groups'] }
  const { issuer, clientId, clientSecret } = company
  const provider = { id: 'company', issuer, clientId, clientSecret, settings }
  const row = await identityProviderRow(config.value, 'default', provider, Date.now())
  const quote = (value: unknown): string =>
    value === null ? 'NULL' : `'${(typeof value === 'string' ? value : JSON.stringify(value)).replaceAll("'", "''")}'`
  const values = [row.project, row.id, row.issuer, row.clientId, row.sealedSecret, row.settings].map(quote).join(', ')
  const sql = `INSERT INTO identity_providers (project, id, issuer, client_id, sealed_secret, settings, created_at) VALUES (${values}, 1)`
  const done = await command(
    'wrangler',
    'd1',
    'execute',
    'DB',
    '--local',
    `--persist-to=${join(folder, 'state')}`,
    '--command',
    sql,
  )
  if (!done.ok) throw new Error(done.output)
}

/** Everything the person does, from the client's link to the client's callback. */
async function signIn(link: URL, login: string): Promise<URL> {
  const person = createPerson((target) => target.startsWith(callback))
  let page = await person.open(link.href)
  for (let step = 0; step < 6 && !page.url.startsWith(callback); step++) {
    if (page.html.includes('value="login"')) page = await person.submit(page, { login, password: 'any' })
    else if (page.html.includes('value="consent"')) page = await person.submit(page, {})
    else if (page.html.includes('act for you?')) page = await person.submit(page, { decision: 'allow' })
    else throw new Error(`a page nobody expected at ${page.url}: ${page.status} ${page.html.slice(-600)}`)
  }
  return new URL(page.url)
}

describe('signing in with an official client and a certified OpenID provider', () => {
  it('works with the client of today, by discovery alone', async () => {
    const serverUrl = `${url}/tools/mcp`
    const provider = createMemoryProvider(callback)
    expect(await authV2(provider, { serverUrl })).toBe('REDIRECT')
    const back = await signIn(provider.link(), 'alice')
    const [authorizationCode, iss] = [back.searchParams.get('code') ?? '', back.searchParams.get('iss') ?? '']
    expect(await authV2(provider, { serverUrl, authorizationCode, iss })).toBe('AUTHORIZED')
    const client = new ClientV2({ name: 'e2e', version: '1' })
    await client.connect(new TransportV2(new URL(serverUrl), { authProvider: provider }))
    expect(await client.listTools()).toHaveProperty('tools')
    await client.close()
  })

  it('works with the client most programs embed, and refreshes', async () => {
    const serverUrl = `${url}/tools/mcp`
    const provider = createMemoryProvider(callback)
    expect(await authV1(provider, { serverUrl })).toBe('REDIRECT')
    const back = await signIn(provider.link(), 'bob')
    const authorizationCode = back.searchParams.get('code') ?? ''
    expect(await authV1(provider, { serverUrl, authorizationCode })).toBe('AUTHORIZED')
    const first = provider.tokens()
    expect(await authV1(provider, { serverUrl })).toBe('AUTHORIZED')
    expect(provider.tokens()?.refresh_token).not.toBe(first?.refresh_token)
    const client = new ClientV1({ name: 'e2e', version: '1' })
    const transport = new TransportV1(new URL(serverUrl), { authProvider: provider })
    await client.connect(transport as Parameters<typeof client.connect>[0])
    expect(await client.listTools()).toHaveProperty('tools')
    await client.close()
  })

  it('asks for the sign-in on every method, and takes nothing else for it', async () => {
    for (const method of ['GET', 'POST', 'DELETE', 'PUT', 'PATCH']) {
      const response = await fetch(`${url}/tools/mcp`, { method, headers: { 'mcp-protocol-version': '2024-11-05' } })
      expect([method, response.status]).toEqual([method, 401])
      expect(response.headers.get('www-authenticate')).toBe(
        `Bearer realm="Behalf", scope="mcp", resource_metadata="${url}/.well-known/oauth-protected-resource/tools/mcp"`,
      )
    }
  })
})
