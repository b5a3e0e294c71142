import { expect, it } from 'vitest'
import { readSettings } from '../../cli/settings.ts'

it('takes the deployment and the token from the environment', () => {
  const env = { BEHALF_URL: 'https://mcp.example.com/', BEHALF_ADMIN_TOKEN: ' t\n' }
  expect(readSettings(env)).toEqual({ url: 'https://mcp.example.com', token: 't' })
})

it.each(['http://mcp.example.com', 'http://localhost.example.com', 'http://127.0.0.1.example.com', 'ftp://x', 'x'])(
  'does not send a token in the clear: %s',
  (url) => {
    expect(() => readSettings({ BEHALF_URL: url, BEHALF_ADMIN_TOKEN: 't' })).toThrow(/BEHALF_URL/)
  },
)

it.each(['http://localhost:8787', 'http://eng.localhost:8787', 'http://127.0.0.1:1', 'http://[::1]:1'])(
  'may, to this computer: %s',
  (url) => {
    expect(readSettings({ BEHALF_URL: url, BEHALF_ADMIN_TOKEN: 't' }).url).toBe(url)
  },
)

it('never sends the local token to another deployment', () => {
  expect(() => readSettings({ BEHALF_URL: 'https://mcp.example.com' })).toThrow(/BEHALF_ADMIN_TOKEN/)
})
