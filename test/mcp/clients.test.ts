import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { expect, test } from 'vitest'
import { FakeSession, front, gatewayUrl, said, type Front } from '../support/fake-front.ts'

const options = ({ fetch }: Front) => ({ fetch, requestInit: { headers: { authorization: 'Bearer alice' } } })

for (const mode of ['auto', 'legacy', { pin: '2026-07-28' }] as const) {
  test(`the official client works in mode ${JSON.stringify(mode)}`, async () => {
    const site = front()
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
    await client.connect(new StreamableHTTPClientTransport(new URL(gatewayUrl), options(site)))
    expect(client.getInstructions()).toBe('Tools for alice.')
    expect((await client.listTools()).tools.map((tool) => tool.name)).toEqual(['Test_Echo'])
    const result = await client.callTool({ name: 'Test_Echo', arguments: { text: 'hi' } })
    expect(result.content).toEqual([{ type: 'text', text: 'alice: {"text":"hi"}' }])
    await client.close()
  })
}

test('the older official client, which most installed clients embed, works', async () => {
  const site = front()
  const client = new OldClient({ name: 'old', version: '1' })
  await client.connect(new OldTransport(new URL(gatewayUrl), options(site)) as Parameters<OldClient['connect']>[0])
  expect(client.getInstructions()).toBe('Tools for alice.')
  expect((await client.listTools()).tools.map((tool) => tool.name)).toEqual(['Test_Echo'])
  const result = await client.callTool({ name: 'Test_Echo', arguments: { text: 'hi' } })
  expect(result.content).toEqual([{ type: 'text', text: 'alice: {"text":"hi"}' }])
  await client.ping()
  expect(site.session.calls[0]?.features).toMatchObject({
    era: 'legacy',
    protocolVersion: '2025-11-25',
    clientName: 'old',
  })
  await client.close()
})

test('progress reaches clients of both eras while the tool runs', async () => {
  for (const mode of ['legacy', { pin: '2026-07-28' }] as const) {
    const session = new FakeSession({
      callTool: async ({ onProgress }) => {
        await onProgress?.({ progress: 1, total: 2, message: 'half' })
        await onProgress?.({ progress: 1 })
        await onProgress?.({ progress: 2, total: 2 })
        return said('done')
      },
    })
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
    await client.connect(new StreamableHTTPClientTransport(new URL(gatewayUrl), options(front(session))))
    const seen: unknown[] = []
    const result = await client.callTool({ name: 'Test_Echo' }, { onprogress: (one) => void seen.push(one) })
    expect(result.content).toEqual([{ type: 'text', text: 'done' }])
    expect(seen).toEqual([
      { progress: 1, total: 2, message: 'half' },
      { progress: 2, total: 2 },
    ])
    await client.close()
  }
})
