import { expect, it } from 'vitest'
import { allowedUpstreamUrl } from '../../src/federation/allowed-url.ts'

const production = { development: false, egressAllow: ['crm.internal'] }
const verdict = (url: string, config = production) => {
  const allowed = allowedUpstreamUrl(url, config)
  return allowed.ok ? allowed.value : allowed.error
}

it.each([
  ['not a url', 'not_a_url', 'This is not a URL.'],
  ['http://mcp.example.com/', 'scheme', 'The address has to begin with https://.'],
  ['https://me:secret@mcp.example.com/', 'userinfo', 'The address must not hold a user name or a password.'],
  ['https://127.0.0.1/mcp', 'private_address', 'The address is in a private network.'],
  ['https://0xa9.0xfe.43518/mcp', 'private_address', 'The address is in a private network.'],
  ['https://metadata/mcp', 'internal_name', 'The host is an internal name.'],
  ['https://a..b/mcp', 'bad_host', 'The host is no name that can be looked up.'],
  ['https://mcp.example.com/mcp#token', 'fragment', 'The address must not have a fragment.'],
])('refuses %s and names what is wrong with it (%s)', (url, fault, words) => {
  expect(verdict(url)).toEqual({
    code: 'core/bad_request',
    message: expect.stringMatching(new RegExp(`^${words.replaceAll('.', '\\.')}`)) as string,
    evidence: { fault },
  })
})

it('keeps an address as the URL parser writes it, and a tool Worker by its name', () => {
  expect(verdict('HTTPS://MCP.example.com')).toBe('https://mcp.example.com/')
  expect(verdict('worker:acme')).toBe('worker:acme')
})

it('allows an internal host that an operator listed, and this computer in development', () => {
  expect(verdict('https://crm.internal/mcp')).toBe('https://crm.internal/mcp')
  expect(verdict('http://127.0.0.1:3001/mcp', { ...production, development: true })).toBe('http://127.0.0.1:3001/mcp')
})
