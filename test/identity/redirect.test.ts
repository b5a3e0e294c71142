import { describe, expect, it } from 'vitest'
import { needsConsent as decide } from '../../src/identity/consent.ts'
import { displayName } from '../../src/identity/display-name.ts'
import { redirectTarget } from '../../src/identity/redirect.ts'

describe('where a code may go', () => {
  it.each([
    ['https://claude.ai/api/mcp/auth_callback', { kind: 'web', host: 'claude.ai' }],
    ['http://localhost:33418/callback', { kind: 'loopback', host: 'localhost' }],
    ['http://127.0.0.1:1/callback', { kind: 'loopback', host: '127.0.0.1' }],
    ['http://[::1]:1/callback', { kind: 'loopback', host: '[::1]' }],
    ['cursor://anysphere.cursor-mcp/oauth/callback', { kind: 'private_use', host: 'anysphere.cursor-mcp' }],
  ])('%s', (uri, target) => {
    expect(redirectTarget(uri)).toEqual(target)
  })

  it.each([
    'http://client.test/callback',
    'https://user@client.test/callback',
    'https://client.test/callback#',
    'javascript:alert(1)',
    'data:text/html,x',
    'cursor://anysphere.cursor-mcp/oauth/callback/evil',
    'cursor://evil/oauth/callback',
    'evil-app://callback',
    'ftp://localhost/callback',
    'http://localhost.evil.test/callback',
    'http://127.0.0.1.evil.test/callback',
    '',
  ])('not %s (attack case 21)', (uri) => {
    expect(redirectTarget(uri)).toBeNull()
  })
})

describe('the consent page', () => {
  const web = { kind: 'web', host: 'client.test' } as const
  const remembered = { scopes: ['mcp'] }

  const needsConsent = (
    known: Parameters<typeof decide>[0],
    scopes: string[],
    target: Parameters<typeof decide>[2],
    prompt: string[],
  ) => decide(known, scopes, target, prompt, false)

  it('is shown to a person who never allowed this client here (attack case 31)', () => {
    expect(needsConsent(null, ['mcp'], web, [])).toBe(true)
  })

  it('is not shown again for the same', () => {
    expect(needsConsent(remembered, ['mcp'], web, [])).toBe(false)
  })

  it('is shown again for more, or when the client asks for it', () => {
    expect(needsConsent(remembered, ['mcp', 'offline_access'], web, [])).toBe(true)
    expect(needsConsent(remembered, ['mcp'], web, ['consent'])).toBe(true)
  })

  it('is always shown when the code goes to a program on the computer, which may be any program (attack case 22)', () => {
    expect(needsConsent(remembered, ['mcp'], { kind: 'loopback', host: 'localhost' }, [])).toBe(true)
    expect(needsConsent(remembered, ['mcp'], { kind: 'private_use', host: 'anysphere.cursor-mcp' }, [])).toBe(true)
  })
})

describe('a client an administrator trusts', () => {
  it('is not asked about when it returns to its own host, even when it asks to be', () => {
    expect(decide(null, ['mcp'], { kind: 'web', host: 'client.test' }, ['consent'], true)).toBe(false)
  })

  it('is asked about when a program on the computer says it is that client', () => {
    expect(decide(null, ['mcp'], { kind: 'loopback', host: 'localhost' }, [], true)).toBe(true)
  })
})

describe('the name of a client', () => {
  it.each([
    ['Claude Code', 'Claude Code'],
    ['  many   words \n', 'many words'],
    ['evil\u202Eedoc', 'eviledoc'],
    ['zero\u200Bwidth\u{E0041}', 'zerowidth'],
    ['\u0000\u001b[31m', '[31m'],
    [undefined, 'fallback'],
    ['\u200B', 'fallback'],
    ['x'.repeat(90), `${'x'.repeat(79)}…`],
  ])('%j is shown as %j (attack case 32)', (name, shown) => {
    expect(displayName(name, 'fallback')).toBe(shown)
  })
})
