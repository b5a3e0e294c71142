import { describe, expect, it } from 'vitest'
import { serviceAccountIssuer } from '../../src/core/ids.ts'
import { namedUser } from '../../src/identity/app-key.ts'
import { readCredential } from '../../src/identity/credential.ts'
import { grantObjectName, grantSubject, readGrantName } from '../../src/identity/grant/name.ts'
import type { AgentId } from '../../src/core/ids.ts'

const read = (headers: [string, string][], url = 'https://behalf.test/tools/mcp') =>
  readCredential(new Request(url, { headers }))
const reason = (found: ReturnType<typeof read>) => (found.ok ? found.value : found.error.evidence?.['reason'])

describe('the credential of a request', () => {
  it('is a bearer token, whatever the case of the scheme (attack case 20)', () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      expect(reason(read([['authorization', `${scheme} abc`]]))).toEqual({ kind: 'token', token: 'abc' })
    }
  })

  it.each([
    ['Basic abc', 'malformed'],
    ['Bearer', 'malformed'],
    ['Bearer a b', 'malformed'],
    ['Bearer\tabc', 'malformed'],
    ['Bearer "abc"', 'malformed'],
    [`Bearer ${'a'.repeat(513)}`, 'malformed'],
  ])('is not %s', (header, expected) => {
    expect(reason(read([['authorization', header]]))).toBe(expected)
  })

  it('is missing without the header', () => {
    expect(reason(read([]))).toBe('missing')
  })

  it('is refused when the header is there twice, even with the same good token (attack case 20)', () => {
    const twice: [string, string][] = [
      ['authorization', 'Bearer abc'],
      ['authorization', 'Bearer abc'],
    ]
    expect(reason(read(twice))).toBe('malformed')
  })

  it('is never taken from the URL, also not beside a header (attack case 20)', () => {
    for (const query of ['access_token=abc', 'a=b&access_token=', '%61ccess_token=abc']) {
      const url = `https://behalf.test/tools/mcp?${query}`
      expect(reason(read([], url))).toBe('in_query')
      expect(reason(read([['authorization', 'Bearer abc']], url))).toBe('in_query')
    }
  })
})

describe('the user an app key names', () => {
  const agent = { id: 'agent-1' as AgentId, name: 'Helpdesk bot' }
  const key = { actsFor: 'https://login.acme.test' }

  it('is a subject of exactly the issuer the key may act for', () => {
    expect(namedUser(key, agent, 'https://login.acme.test|auth0|123')).toMatchObject({
      kind: 'person',
      issuer: 'https://login.acme.test',
      subject: 'auth0|123',
    })
  })

  it.each([
    null,
    '',
    'alice',
    'https://login.acme.test',
    'https://login.acme.test|',
    'https://evil.test|alice',
    'https://login.acme.test.evil.test|alice',
    `https://login.acme.test|${'a'.repeat(256)}`,
  ])('is nobody for %j', (header) => {
    expect(namedUser(key, agent, header)).toBeNull()
  })

  it('is the service account itself, and nobody else, for a key that may not act for people', () => {
    expect(namedUser({ actsFor: null }, agent, null)).toMatchObject({
      kind: 'service_account',
      issuer: serviceAccountIssuer,
      subject: 'agent-1',
    })
    expect(namedUser({ actsFor: null }, agent, 'https://login.acme.test|alice')).toBeNull()
  })
})

describe('the grant a token names', () => {
  const user = 'u'.repeat(43)
  const token = (subject: string) => `${subject}:${'g'.repeat(16)}:${'s'.repeat(32)}`

  it.each(['default', 'acme.eu', 'a:b', 'ä/ü', 'a%3Ab', "it's(1)*!"])('keeps the project %j apart', (project) => {
    const name = readGrantName(token(grantSubject({ project, user })))
    expect(name).toEqual({ project, user, grant: 'g'.repeat(16) })
    expect(name && grantObjectName(name)).toBe(`${grantSubject({ project, user })}:${'g'.repeat(16)}`)
  })

  it.each([
    'gho_16C7e42F292c6912E7710c838347Ae178B4a',
    'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln',
    token(user),
    token(`default.${user}x`),
    `${token(`default.${user}`)}x`,
    `${token(`default.${user}`)}\n`,
    token(`%.${user}`),
    ':::',
  ])('is none for %j (attack case 13)', (text) => {
    expect(readGrantName(text)).toBeNull()
  })
})
