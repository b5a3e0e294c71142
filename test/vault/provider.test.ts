import { describe, expect, it } from 'vitest'
import { builtinSpecs } from '../../src/vault/builtin.ts'
import { apiOrigins, makeProvider, providerUrl } from '../../src/vault/provider.ts'
import { providerSpecSchema } from '../../src/vault/provider-spec.ts'

const config = { publicUrl: 'https://behalf.test', development: false }
const make = (spec: unknown, settings: unknown = {}, more: Partial<typeof config> = {}) =>
  makeProvider({ ...config, ...more }, { id: 'p', spec, settings, clientId: 'id', clientSecret: 's' })
const detail = (result: ReturnType<typeof make>): unknown => (result.ok ? null : result.error.evidence?.['detail'])

describe('the specs that come with Behalf', () => {
  it('are data: each survives being stored as JSON', () => {
    for (const spec of builtinSpecs.values()) {
      expect(providerSpecSchema.parse(JSON.parse(JSON.stringify(spec)))).toEqual(spec)
    }
    expect(builtinSpecs.size).toBe(19)
  })

  it('name no host over plain http, and say where they were read', () => {
    for (const spec of builtinSpecs.values()) {
      expect(JSON.stringify(spec)).not.toContain('http://')
      expect(spec.docs).toMatch(/^https:/)
    }
  })
})

describe('a variable', () => {
  const enterprise = (host: string) => make('github-enterprise', { variables: { host } })
  it('is part of a host name only when it is one', () => {
    for (const host of ['ghe.acme.com', 'ghe.acme.com:8443']) expect(enterprise(host).ok).toBe(true)
    for (const host of [
      'evil.com#',
      'a@evil.com',
      'evil.com/x',
      '..%2f',
      'localhost',
      'a b.com',
      '',
      '1.2.3.4',
      'x\n.com',
    ]) {
      expect([host, enterprise(host).ok]).toEqual([host, false])
    }
    for (const subdomain of ['evil.com#', 'a.b', '..%2f', '@', 'a/b', '-a']) {
      expect([subdomain, make('zendesk', { variables: { subdomain } }).ok]).toEqual([subdomain, false])
    }
  })

  it('is asked for by name when it is missing, and refused when nobody asked', () => {
    expect(detail(make('microsoft'))).toBe('variable tenant is missing')
    expect(detail(make('github', { variables: { host: 'x.com' } }))).toBe('unknown variable host')
  })
})

describe('a stand-in', () => {
  it('is for development only', () => {
    const settings = { origins: { 'https://github.com': 'http://localhost:4001' } }
    expect(detail(make('github', settings))).toBe('origins may be replaced in development only')
    expect(make('github', settings, { development: true }).ok).toBe(true)
  })

  it('replaces the longest prefix, at a border of the path', () => {
    const origins = {
      'https://oauth2.googleapis.com/token': 'http://localhost:4002/oauth2/token',
      'https://oauth2.googleapis.com': 'http://localhost:4003',
      'https://www.googleapis.com': 'http://localhost:4002/',
    }
    const google = make('google', { origins }, { development: true })
    if (!google.ok) throw new Error(JSON.stringify(google))
    expect(providerUrl(google.value, 'https://oauth2.googleapis.com/token')?.href).toBe(
      'http://localhost:4002/oauth2/token',
    )
    expect(providerUrl(google.value, 'https://oauth2.googleapis.com/tokeninfo')?.href).toBe(
      'http://localhost:4003/tokeninfo',
    )
    expect(providerUrl(google.value, 'https://oauth2.googleapis.com.evil.com/token')?.host).toBe(
      'oauth2.googleapis.com.evil.com',
    )
    expect(apiOrigins(google.value, {})).toMatchObject({ base: 'http://localhost:4002' })
  })
})

describe('an API base that the provider names', () => {
  const salesforce = make('salesforce')
  const gong = make('gong')
  it('must be one of its hosts', () => {
    if (!salesforce.ok || !gong.ok) throw new Error('not configured')
    const base = (instance_url: string) => apiOrigins(salesforce.value, { details: { instance_url } })
    expect(base('https://acme.my.salesforce.com')).toEqual({
      base: 'https://acme.my.salesforce.com',
      origins: ['https://acme.my.salesforce.com'],
    })
    for (const evil of [
      'https://evil.com',
      'https://salesforce.com',
      'https://evilsalesforce.com',
      'https://acme.my.salesforce.com.evil.com',
      'https://acme.my.salesforce.com@evil.com',
      'http://acme.my.salesforce.com',
      'https://acme.my.salesforce.com:8443',
      'javascript:alert(1)',
    ]) {
      expect([evil, base(evil)]).toEqual([evil, null])
    }
    expect(apiOrigins(gong.value, { details: { base: 'https://us-123.api.gong.io' } })?.base).toBe(
      'https://us-123.api.gong.io',
    )
  })
})

describe('a spec by value', () => {
  it('is refused when it is not one, or calls over plain http', () => {
    expect(make({ id: 'x' }).ok).toBe(false)
    expect(make('no-such-provider').ok).toBe(false)
    const github = builtinSpecs.get('github')
    expect(make({ ...github, token: { ...github?.token, url: 'http://github.com/x' } }).ok).toBe(false)
    expect(make({ ...github, surprise: true }).ok).toBe(false)
    expect(make({ ...github }).ok).toBe(true)
  })
})
