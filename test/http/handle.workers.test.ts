import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import { handle } from '../../src/http/http.ts'

const context = { waitUntil: () => {}, passThroughOnException: () => {}, props: {} } as unknown as ExecutionContext

test('a Worker that lacks a secret answers every request with a 500 that names it, and logs it once', async () => {
  const log = vi.spyOn(console, 'error').mockImplementation(() => {})
  const bare = { ...env, BEHALF_STATE_KEY: undefined } as unknown as Env
  const bodies = []
  for (const path of [
    '/',
    '/health',
    '/eng/mcp',
    '/.well-known/oauth-protected-resource/eng/mcp',
    '/admin/api/v1/gateways',
  ]) {
    const response = await handle(new Request(`https://behalf.test${path}`), bare, context)
    bodies.push([path, response.status, (await response.text()).includes('BEHALF_STATE_KEY')])
  }
  expect(bodies.map(([, ...rest]) => rest)).toEqual(bodies.map(() => [500, true]))
  expect(log).toHaveBeenCalledTimes(1)
  expect(String(log.mock.calls[0])).toContain('BEHALF_STATE_KEY')
  log.mockRestore()
})

test('a secret that is not what it has to be is named, and its value is not shown', async () => {
  const log = vi.spyOn(console, 'error').mockImplementation(() => {})
  const wrong = { ...env, BEHALF_KEK_1: 'canary-not-a-key' } as unknown as Env
  const response = await handle(new Request('https://behalf.test/health'), wrong, context)
  const text = await response.text()
  expect([response.status, text.includes('BEHALF_KEK_1')]).toEqual([500, true])
  expect(text + String(log.mock.calls)).not.toContain('canary')
  log.mockRestore()
})

test('a Worker that lacks nothing is well', async () => {
  const response = await handle(new Request('https://behalf.test/health'), env, context)
  expect([response.status, await response.json()]).toEqual([200, { ok: true }])
})
