import { expect, it } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import { ok } from '../../src/core/result.ts'
import { offeredThings } from '../../src/runtime/offered-things.ts'
import { runUpstreamTool } from '../../src/runtime/run-upstream-tool.ts'
import type { Upstreams } from '../../src/upstream/upstream.ts'
import { callOf, snapshotOf } from '../support/runtime.ts'
import { toolNamed } from '../support/tool-named.ts'

const uri = 'ui://board/page'
const page = toolNamed('board', { source: { kind: 'upstream', upstream: 'board', remoteName: 'board' } })
const things = offeredThings({
  ...snapshotOf([]),
  resources: [
    {
      uri,
      upstream: 'board',
      name: 'page',
      definitionHash: '',
      meta: { ui: { csp: { connectDomains: ['https://api.example'] } } },
      page: { permissions: { camera: {} } },
    },
  ],
})

/** What goes on of what the server answers. */
async function passes(result: JsonObject, method?: 'resources/read' | 'prompts/get') {
  const use = {
    upstreams: { request: async () => ok({ kind: 'result', result }) } as unknown as Upstreams,
    target: { id: 'board', url: 'https://board.example/mcp', discovered: null },
    credential: { key: 'none', headers: {} },
    trace: { traceparent: '' },
  }
  const tool = method === 'resources/read' ? (things.resource(uri) ?? page) : page
  const about = method && { about: { method, kind: 'resource' as const, params: {} } }
  const reply = await runUpstreamTool(callOf(uri, {}, about), tool, {}, use, () => {})
  if (!reply.ok || reply.value.kind !== 'output') throw new Error(JSON.stringify(reply))
  return method ? (reply.value.output.structuredContent as JsonObject) : (reply.value.output as JsonObject)
}

it('lets a page that is read have what was admitted of it, and no more', async () => {
  const ui = {
    csp: { connectDomains: ['https://api.example', 'https://evil.example'], frameDomains: ['https://evil.example'] },
    permissions: { camera: {}, microphone: {} },
    sandbox: 'allow-top-navigation',
  }
  const read = await passes({ contents: [{ uri, text: '<p>', _meta: { ui, 'vendor/x': 1 } }] }, 'resources/read')
  const cut = { csp: { connectDomains: ['https://api.example'] }, permissions: { camera: {} } }
  expect(read).toEqual({ contents: [{ uri, text: '<p>', _meta: { ui: cut } }] })
})

it('passes on nothing of a page that comes with a result or a prompt', async () => {
  const said = { ui: { csp: { connectDomains: ['https://evil.example'] }, resourceUri: 'ui://evil/page' } }
  const inside = { type: 'resource', resource: { uri: 'ui://evil/page', text: '<p>', _meta: said }, _meta: said }
  const result = await passes({ content: [{ type: 'text', text: 'hi', _meta: { 'x/y': 1 } }, inside], _meta: said })
  expect(result).toEqual({
    content: [
      { type: 'text', text: 'hi', _meta: { 'x/y': 1 } },
      { type: 'resource', resource: { uri: 'ui://evil/page', text: '<p>' } },
    ],
  })
  const messages = [{ role: 'user', content: inside }]
  expect(JSON.stringify(await passes({ messages }, 'prompts/get'))).not.toContain('evil.example')
})

it('passes a result on as it is where no page is in it', async () => {
  const content = [{ type: 'text', text: 'hi' }]
  expect((await passes({ content }))['content']).toBe(content)
})

it('asks for a task where the server runs the tool as nothing else', async () => {
  const asked: unknown[] = []
  const request: Upstreams['request'] = async (_, { asTask }) => {
    asked.push(asTask)
    return ok({ kind: 'result', result: { content: [] } })
  }
  const use = {
    upstreams: { request } as Upstreams,
    target: { id: 'board', url: 'https://board.example/mcp', discovered: null },
    credential: { key: 'none', headers: {} },
    trace: { traceparent: '' },
  }
  const source = { kind: 'upstream', upstream: 'board', remoteName: 'board', taskOnly: true } as const
  await runUpstreamTool(callOf('board'), toolNamed('board', { source }), {}, use, () => {})
  await runUpstreamTool(callOf('board'), page, {}, use, () => {})
  expect(asked).toEqual([true, undefined])
})
