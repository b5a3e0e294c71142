import { expect, test } from 'vitest'
import { startFixture } from '../support/fixture/fixture.ts'
import { upstreamsOfASession } from '../support/upstreams-of-a-session.ts'

const credential = { key: 'none', headers: {} }

/** What the server was told last of what our client can do: at the handshake or with the request itself. */
const declared = (body: string): unknown => {
  const { params } = JSON.parse(body) as { params: { capabilities?: unknown; _meta?: Record<string, unknown> } }
  return params._meta?.['io.modelcontextprotocol/clientCapabilities'] ?? params.capabilities
}

test.for(['modern', 'legacy'] as const)(
  'asks a %s server what it offers as one who shows pages, and calls it as the client that it calls for',
  async (eras) => {
    const fixture = await startFixture({ eras })
    const upstreams = upstreamsOfASession()
    const target = { id: 'fixture', url: fixture.mcp, discovered: null }
    const told = (method: string): unknown => declared(fixture.seen.findLast(({ rpc }) => rpc === method)?.body ?? '{}')
    try {
      expect(await upstreams.list(target, 'tools', credential)).toMatchObject({ ok: true })
      const telling = eras === 'modern' ? 'tools/list' : 'initialize'
      const pages = { extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] } } }
      expect(told(telling)).toEqual(pages)
      const params = { name: 'echo', arguments: { message: 'x' } }
      const call = { method: 'tools/call', params, credential, capabilities: { roots: {} } } as const
      expect(await upstreams.request(target, call)).toMatchObject({ ok: true })
      expect(told(eras === 'modern' ? 'tools/call' : 'initialize')).toEqual({ roots: {} })
    } finally {
      await upstreams.close()
      await fixture.close()
    }
  },
)
