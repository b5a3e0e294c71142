import { describe, expect, it } from 'vitest'
import type { Config } from '../../src/config/config.ts'
import { randomBytes } from '../../src/core/bytes.ts'
import type { GatewayRoute } from '../../src/core/gateway-route.ts'
import { refuse } from '../../src/core/result.ts'
import { unauthenticated } from '../../src/identity/credential.ts'
import { challenge, challengeFor } from '../../src/identity/challenge.ts'
import { readCookie, setCookie } from '../../src/identity/cookies.ts'
import { checkCsrf, csrfField, csrfToken } from '../../src/identity/csrf.ts'
import { createRateLimit } from '../../src/identity/rate-limit.ts'
import { createMemory } from '../../src/identity/remember.ts'
import { isOwnPath } from '../../src/identity/own-path.ts'

const config = { publicUrl: 'https://behalf.test', stateKey: randomBytes(32) } as Config
const local = { ...config, publicUrl: 'http://localhost:4200' } as Config

describe('a cookie', () => {
  it('belongs to this host alone, over TLS, and to no script', () => {
    expect(setCookie(config, 'session', 'x', 60_000)).toBe(
      '__Host-behalf-session=x; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure',
    )
  })

  it('has another name over plain http, where browsers refuse the prefix', () => {
    expect(setCookie(local, 'session', 'x', 60_000)).toBe(
      'behalf-session=x; Path=/; Max-Age=60; HttpOnly; SameSite=Lax',
    )
  })

  it.each([
    ['__Host-behalf-session=x', 'x'],
    ['a=b; __Host-behalf-session=x; c=d', 'x'],
    ['__Host-behalf-session=x; __Host-behalf-session=y', null],
    ['behalf-session=x', null],
    ['__Host-behalf-session=', null],
    ['', null],
  ])('is read from %j as %j', (cookie, value) => {
    expect(readCookie(config, new Request('https://behalf.test', { headers: { cookie } }), 'session')).toBe(value)
  })
})

describe('a form of ours', () => {
  const session = { sessionId: 's1' }
  const post = (headers: Record<string, string>) => new Request('https://behalf.test/x', { method: 'POST', headers })
  const check = async (headers: Record<string, string>, token: string, purpose = 'consent', who = session) => {
    return (await checkCsrf(post(headers), new URLSearchParams({ [csrfField]: token }), config, who, purpose)).ok
  }

  it('is taken with its token, from our own page', async () => {
    const token = await csrfToken(config, session, 'consent')
    expect(await check({ origin: 'https://behalf.test' }, token)).toBe(true)
    expect(await check({ origin: 'null', 'sec-fetch-site': 'same-origin' }, token)).toBe(true)
    expect(await check({}, token)).toBe(true)
  })

  it('is refused from another site, even with the token (attack case 33)', async () => {
    const token = await csrfToken(config, session, 'consent')
    expect(await check({ origin: 'https://evil.test' }, token)).toBe(false)
    expect(await check({ origin: 'https://behalf.test.evil.test' }, token)).toBe(false)
    expect(await check({ 'sec-fetch-site': 'cross-site' }, token)).toBe(false)
    expect(await check({ 'sec-fetch-site': 'same-site', origin: 'https://behalf.test' }, token)).toBe(false)
  })

  it('is refused without the token of this sign-in and this purpose', async () => {
    const token = await csrfToken(config, session, 'consent')
    expect(await check({}, '')).toBe(false)
    expect(await check({}, '%')).toBe(false)
    expect(await check({}, token, 'sign-out')).toBe(false)
    expect(await check({}, token, 'consent', { sessionId: 's2' })).toBe(false)
  })
})

describe('where a sign-in returns to', () => {
  it.each(['/', '/connect/abc?x=1', '/a#b'])('%s', (path) => {
    expect(isOwnPath(path, config)).toBe(true)
  })

  it.each([
    'https://evil.test',
    '//evil.test',
    '/\\evil.test',
    '\\/evil.test',
    '',
    'x',
    '/..//evil.test',
    `/${'x'.repeat(2_601)}`,
  ])('not %s', (path) => {
    expect(isOwnPath(path, config)).toBe(false)
  })
})

describe('the challenge', () => {
  const route = {
    resource: 'https://behalf.test/tools/mcp',
    signIn: { modes: ['oauth'], identityProvider: null },
  } as unknown as GatewayRoute

  it('says where the metadata is and what is needed, and names no error where nothing was shown', () => {
    const expected =
      'Bearer realm="Behalf", scope="mcp", resource_metadata="https://behalf.test/.well-known/oauth-protected-resource/tools/mcp"'
    expect(challenge(route)).toBe(expected)
    expect(challengeFor(route, unauthenticated('missing').error)).toBe(expected)
  })

  it('is the same for every token that does not do', () => {
    const reasons = ['malformed', 'unknown', 'expired', 'other_gateway', 'user_gone', 'agent_gone', 'in_query'] as const
    const texts = new Set(reasons.map((reason) => challengeFor(route, unauthenticated(reason).error)))
    expect([...texts]).toEqual([expect.stringContaining('error="invalid_token"')])
  })

  it('asks for more scope, all of it, where the token has too little', () => {
    const refused = refuse('identity/insufficient_scope').error
    expect(challengeFor(route, refused)).toMatch(/error="insufficient_scope", scope="mcp", resource_metadata=/)
  })

  it('at the root of a host points to the root metadata', () => {
    expect(challenge({ ...route, resource: 'https://tools.gw.test/' })).toContain(
      'resource_metadata="https://tools.gw.test/.well-known/oauth-protected-resource"',
    )
  })

  it('does not send a client into OAuth where only app keys are taken', () => {
    const keysOnly = { ...route, signIn: { modes: ['app_key'], identityProvider: null } } as unknown as GatewayRoute
    expect(challenge(keysOnly)).toBe('Bearer realm="Behalf"')
  })
})

describe('a rate limit', () => {
  it('refuses beyond the limit, says how long, and starts anew', () => {
    const limit = createRateLimit(2, 1_000)
    expect([limit('a', 0).ok, limit('a', 1).ok]).toEqual([true, true])
    expect(limit('a', 400)).toMatchObject({
      ok: false,
      error: { code: 'identity/too_many_attempts', retryAfterMs: 600 },
    })
    expect(limit('b', 400).ok).toBe(true)
    expect(limit('a', 1_000).ok).toBe(true)
  })

  it('keeps at most so many keys, so that made-up addresses do not fill the memory', () => {
    const limit = createRateLimit(1, 1_000, 2)
    for (const key of ['a', 'b', 'c']) limit(key, 0)
    expect(limit('c', 1).ok).toBe(false)
    expect(limit('a', 1).ok).toBe(true)
  })
})

describe('a memory', () => {
  it('forgets at the end and the least recently used first', () => {
    const memory = createMemory<number>(2)
    memory.set('a', 1, 10)
    memory.set('b', 2, 10)
    expect(memory.get('a', 9)).toBe(1)
    memory.set('c', 3, 10)
    expect([memory.get('a', 9), memory.get('b', 9), memory.get('c', 9)]).toEqual([1, undefined, 3])
    expect(memory.get('c', 10)).toBeUndefined()
  })
})
