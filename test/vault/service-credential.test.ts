import { createLocalJWKSet, exportJWK, exportPKCS8, generateKeyPair, jwtVerify } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { makeProvider } from '../../src/vault/provider.ts'
import { serviceCredentialSchema, serviceGrant } from '../../src/vault/service-credential.ts'
import { fillAll } from '../../src/vault/template.ts'

const now = 1_800_000_000_000
let privateKey = ''
let keys: ReturnType<typeof createLocalJWKSet>

beforeAll(async () => {
  const pair = await generateKeyPair('RS256', { extractable: true })
  privateKey = await exportPKCS8(pair.privateKey)
  keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1' }] })
})

function provider(spec: unknown, settings: unknown = {}) {
  const config = { publicUrl: 'https://behalf.test', development: false }
  const made = makeProvider(config, { id: 'p', spec, settings, clientId: 'our-client', clientSecret: 'our-secret' })
  if (!made.ok) throw new Error(JSON.stringify(made.error))
  return made.value
}

/** As the metadata of a server says that it signs in services. */
const keyed = provider({
  id: 'p',
  name: 'P',
  authorize: { url: 'https://as.test/authorize' },
  client: 'none',
  token: { url: 'https://as.test/token' },
  revoke: null,
  service: { clientCredentials: { params: {}, assertion: { audience: 'https://as.test' } } },
  account: { id: 'account', label: 'P' },
  api: { base: 'https://api.test', origins: ['https://api.test'] },
})

const grantFor = (spec: string, credential: Record<string, unknown>, scopes?: string[]) =>
  grantAt(provider(spec), credential, scopes)

async function grantAt(at: ReturnType<typeof provider>, credential: Record<string, unknown>, scopes: string[] = []) {
  const parsed = serviceCredentialSchema.parse(credential)
  if (parsed.kind === 'api_key') throw new Error('a key needs no grant')
  const grant = await serviceGrant(at, parsed, scopes, now)
  return grant && { ...grant, params: fillAll(grant.request.params, { ...grant.provider.values, ...grant.values }) }
}

describe('a JWT bearer grant', () => {
  it('is for Google as its documentation asks: scopes in the assertion, an hour, the token endpoint as audience', async () => {
    const bot = { kind: 'jwt_bearer', issuer: 'bot@project.iam.test', keyId: 'k1', privateKey }
    const grant = await grantFor('google', { ...bot, subject: 'alice@acme.test' }, ['scope-a', 'scope-b'])
    expect(Object.keys(grant?.params ?? {})).toEqual(['grant_type', 'assertion'])
    expect(grant?.params['grant_type']).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer')
    expect(grant?.request).toMatchObject({ url: 'https://oauth2.googleapis.com/token', auth: 'none', format: 'form' })
    const { payload } = await jwtVerify(grant?.params['assertion'] ?? '', keys, {
      currentDate: new Date(now),
      audience: 'https://oauth2.googleapis.com/token',
      issuer: 'bot@project.iam.test',
    })
    expect(payload).toMatchObject({ sub: 'alice@acme.test', scope: 'scope-a scope-b', iat: now / 1000 })
    expect(payload.exp).toBe(now / 1000 + 3600)
  })

  it('is for Salesforce short, without scopes, and for a named user', async () => {
    const bot = { kind: 'jwt_bearer', issuer: 'consumer-key', privateKey }
    expect(await grantFor('salesforce', bot)).toBeNull()
    const grant = await grantFor('salesforce', { ...bot, subject: 'bot@acme.test' }, ['api'])
    expect(grant?.params['scope']).toBeUndefined()
    const { payload } = await jwtVerify(grant?.params['assertion'] ?? '', keys, { currentDate: new Date(now) })
    expect(payload).toMatchObject({ aud: 'https://login.salesforce.com', sub: 'bot@acme.test', exp: now / 1000 + 180 })
    expect(payload).not.toHaveProperty('scope')
  })

  it('is refused where the provider knows no such thing, and with a key that is none', async () => {
    const bot = { kind: 'jwt_bearer', issuer: 'x', privateKey }
    expect(await grantFor('slack', bot)).toBeNull()
    const broken = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----'
    expect(await grantFor('google', { ...bot, privateKey: broken })).toBeNull()
    const other = serviceCredentialSchema.safeParse({ ...bot, privateKey: '-----BEGIN RSA PRIVATE KEY-----\nAAAA' })
    expect(other.error?.issues[0]?.message).toContain('PKCS #8')
  })
})

describe('a client credentials grant', () => {
  it("uses a client of its own or the provider's, never one's id with the other's secret", async () => {
    const own = await grantFor(
      'salesforce',
      { kind: 'client_credentials', clientId: 'bot', clientSecret: 'bot-secret' },
      ['a'],
    )
    expect(own?.provider).toMatchObject({ clientId: 'bot', clientSecret: 'bot-secret' })
    expect(own?.params).toMatchObject({ grant_type: 'client_credentials', scope: 'a' })
    expect((await grantFor('salesforce', { kind: 'client_credentials' }))?.provider.clientId).toBe('our-client')
    expect(await grantFor('salesforce', { kind: 'client_credentials', clientId: 'bot' })).toBeNull()
    expect(await grantFor('salesforce', { kind: 'client_credentials', clientSecret: 'bot-secret' })).toBeNull()
  })

  it('shows who asks by a key, at the one authorization server that it is for', async () => {
    const pair = await generateKeyPair('ES256', { extractable: true })
    const key = { privateKey: await exportPKCS8(pair.privateKey), algorithm: 'ES256', keyId: 'k2' }
    const bot = { kind: 'client_credentials', clientId: 'bot', ...key }
    // A server that is not known to take keys gets none.
    expect(await grantFor('salesforce', bot)).toBeNull()
    const grant = await grantAt(keyed, bot, ['a', 'b'])
    expect(grant).toMatchObject({ provider: { clientId: 'bot', clientSecret: null }, request: { auth: 'none' } })
    const { client_assertion: assertion = '', ...params } = grant?.params ?? {}
    expect(params).toEqual({
      grant_type: 'client_credentials',
      scope: 'a b',
      client_id: 'bot',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    })
    const { payload, protectedHeader } = await jwtVerify(assertion, pair.publicKey, { currentDate: new Date(now) })
    expect(payload).toMatchObject({ iss: 'bot', sub: 'bot', aud: 'https://as.test', exp: now / 1000 + 60 })
    expect(protectedHeader).toMatchObject({ alg: 'ES256', kid: 'k2' })
    const again = await grantAt(keyed, bot)
    expect(again?.params['client_assertion']).not.toBe(assertion)
    for (const more of [{ clientSecret: 'bot-secret' }, { clientId: undefined }, { algorithm: 'RS256' }]) {
      expect(await grantAt(keyed, { ...bot, ...more })).toBeNull()
    }
  })

  it('asks Microsoft for all that the tenant consented to', async () => {
    const parsed = serviceCredentialSchema.parse({ kind: 'client_credentials' })
    if (parsed.kind !== 'client_credentials') throw new Error('unreachable')
    const graph = provider('microsoft', { variables: { tenant: 'tenant-1' } })
    const grant = await serviceGrant(graph, parsed, ['Mail.Read'], now)
    expect(grant?.request.params['scope']).toBe('https://graph.microsoft.com/.default')
  })
})

describe('an API key', () => {
  it('is one line of visible characters', () => {
    for (const key of [
      'short',
      'with space in it',
      'line\nbreak-key',
      'key-with-\u0000',
      'k'.repeat(4097),
      'schlüssel',
    ]) {
      expect(serviceCredentialSchema.safeParse({ kind: 'api_key', key }).success).toBe(false)
    }
    expect(serviceCredentialSchema.safeParse({ kind: 'api_key', key: 'xoxb-1234-abcd' }).success).toBe(true)
  })
})
