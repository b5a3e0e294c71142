import { expect, it } from 'vitest'
import { offer, selectionSchema, upstreamSettingsSchema } from '../../src/catalog/catalog.ts'
import type { Pin, UpstreamSource } from '../../src/catalog/catalog.ts'

const pin = (name: string, more: Partial<Pin> = {}): Pin => ({
  kind: 'tool',
  name,
  hash: `hash of ${name}`,
  definition: { description: name, inputSchema: { type: 'object' } },
  behaviour: null,
  status: 'admitted',
  ...more,
})

const files: UpstreamSource = {
  id: 'files',
  url: 'https://files.example/mcp',
  enabled: true,
  settings: {},
  discovered: null,
  pins: [pin('read'), pin('write'), pin('remove', { status: 'quarantined' })],
}

const run = (selections: unknown[], upstreams: UpstreamSource[] = [files]) =>
  offer(
    selections.map((one) => selectionSchema.parse(one)),
    { upstreams },
  )

const names = (offered: { tools: { name: string }[] }): string[] => offered.tools.map((tool) => tool.name)

it('offers what was admitted, by name, and without a prefix where there is no other source', async () => {
  const offered = await run([{ upstream: 'files' }])
  expect(names(offered)).toEqual(['read', 'write'])
  expect(offered.faults).toEqual([])
  expect(offered.tools[0]).toMatchObject({
    definitionHash: 'hash of read',
    source: { kind: 'upstream', upstream: 'files', remoteName: 'read' },
  })
})

it('treats a tool that nobody classified as the worst it could be', async () => {
  const annotated = pin('read', { definition: { description: '', annotations: { readOnlyHint: true } } })
  const offered = await run([{ upstream: 'files' }], [{ ...files, pins: [annotated] }])
  expect(offered.tools[0]?.behaviour).toEqual({
    operation: 'update',
    destructive: true,
    idempotent: false,
    openWorld: true,
  })
})

it('lets the administrator say what a tool does, a name before a pattern', async () => {
  const behaviour = { '*': { operation: 'read', destructive: false }, write: { operation: 'create' } }
  const { tools } = await run([{ upstream: 'files', behaviour }])
  expect(tools.map((tool) => [tool.name, tool.behaviour.operation, tool.behaviour.destructive])).toEqual([
    ['read', 'read', false],
    ['write', 'create', false],
  ])
})

it('chooses, leaves out and renames', async () => {
  expect(names(await run([{ upstream: 'files', include: ['r*'] }]))).toEqual(['read'])
  expect(names(await run([{ upstream: 'files', exclude: ['write'] }]))).toEqual(['read'])
  expect(names(await run([{ upstream: 'files', prefix: 'F' }]))).toEqual(['F_read', 'F_write'])
  expect(names(await run([{ upstream: 'files', alias: { read: 'Open' } }]))).toEqual(['Open', 'write'])
})

it('puts the name of each source before its tools where there are several', async () => {
  const other = { ...files, id: 'other-files' }
  const offered = await run([{ upstream: 'files' }, { upstream: 'other-files' }], [files, other])
  expect(names(offered)).toEqual(['Files_read', 'Files_write', 'OtherFiles_read', 'OtherFiles_write'])
})

it('takes names for one that some client takes for one', async () => {
  const other = { ...files, id: 'other', pins: [pin('Read'), pin('wri-te')] }
  const offered = await run(
    [
      { upstream: 'files', prefix: '' },
      { upstream: 'other', prefix: '' },
    ],
    [files, other],
  )
  expect(names(offered)).toEqual(['wri-te', 'write'])
  expect(offered.faults[0]?.message).toBe('Read and read are one name to some clients; set a prefix or an alias')
})

it('offers prompts and resources with all tools of their upstream, or as chosen', async () => {
  const source: UpstreamSource = {
    ...files,
    pins: [
      ...files.pins,
      pin('ask', {
        kind: 'prompt',
        definition: { description: 'Asks', arguments: [{ name: 'what', required: true }] },
      }),
      pin('file:///a', { kind: 'resource', definition: { uri: 'file:///a', name: 'a' } }),
      pin('file:///{x}', { kind: 'template', definition: { uriTemplate: 'file:///{x}', name: 'x' } }),
      pin('file:///b', { kind: 'resource', definition: { uri: 'file:///b', name: 'b' }, status: 'quarantined' }),
    ],
  }
  const all = await run([{ upstream: 'files' }], [source])
  expect(all.prompts).toMatchObject([{ name: 'ask', remoteName: 'ask', arguments: [{ name: 'what', required: true }] }])
  expect(all.resources.map(({ uri }) => uri)).toEqual(['file:///a'])
  expect(all.templates.map(({ uriTemplate }) => uriTemplate)).toEqual(['file:///{x}'])
  const some = await run([{ upstream: 'files', include: ['read'] }], [source])
  expect([some.prompts, some.resources, some.templates]).toEqual([[], [], []])
  const chosen = await run([{ upstream: 'files', include: ['read'], resources: ['file:///a'] }], [source])
  expect(chosen.resources).toHaveLength(1)
  expect(chosen.prompts).toEqual([])
})

it('says how to reach an upstream, with names of secrets and never a value', async () => {
  const settings = {
    credentials: { kind: 'headers', headers: { authorization: 'Bearer {FILES_KEY}' } },
    timeoutMs: 5000,
  }
  const offered = await run([{ upstream: 'files' }], [{ ...files, settings }])
  expect(offered.upstreams).toEqual([
    {
      target: { id: 'files', url: files.url, discovered: null, timeoutMs: 5000, maxBytes: 5_000_000 },
      title: 'files',
      credentials: settings.credentials,
      needs: { secrets: ['FILES_KEY'] },
    },
  ])
  expect(offered.tools[0]?.secrets).toEqual(['FILES_KEY'])
})

it.each(['Host', 'mcp-session-id', 'cf-connecting-ip', 'cookie', 'content-length', 'x y'])(
  'takes no credential in the header %s',
  (name) => {
    const credentials = { kind: 'headers', headers: { [name]: '{KEY}' } }
    expect(upstreamSettingsSchema.safeParse({ credentials }).success).toBe(false)
  },
)

it('passes on what clients use of the metadata, and nothing else', async () => {
  const definition = {
    description: '',
    icons: [
      { src: 'https://x.example/i.png' },
      { src: 'http://x.example/i.png' },
      { src: 'data:image/svg+xml;base64,AA' },
    ],
    _meta: { ui: { resourceUri: 'ui://app/page', secret: 'x' }, 'vendor/x': 1 },
    securitySchemes: [{ type: 'oauth2', scopes: ['read'], token: 'x' }],
  }
  const { tools } = await run([{ upstream: 'files' }], [{ ...files, pins: [pin('read', { definition })] }])
  expect(tools[0]?.icons).toEqual([{ src: 'https://x.example/i.png' }])
  expect(tools[0]?.meta).toEqual({
    ui: { resourceUri: 'ui://app/page' },
    securitySchemes: [{ type: 'oauth2', scopes: ['read'] }],
  })
})

it('hides both of two tools with one name and says so', async () => {
  const offered = await run([{ upstream: 'files' }, { upstream: 'files', include: ['read'], prompts: [] }])
  expect(names(offered)).toEqual(['Files_write'])
  expect(offered.faults).toEqual([
    { path: 'tools[1]', message: 'Files_read is offered twice; set a prefix or an alias' },
  ])
})

it('names what does not exist, with what does', async () => {
  const { faults } = await run([
    { toolkit: 'Github' },
    { upstream: 'nothing' },
    { upstream: 'files', exclude: ['wirte'] },
  ])
  expect(faults.map(({ path, message }) => `${path}: ${message}`)).toEqual([
    expect.stringMatching(/^tools\[0\]: there is no toolkit "Github"; there are GitHub/),
    'tools[1]: there is no upstream "nothing"; add it first',
    'tools[2].exclude: "wirte" matches no tool; there is read, write',
  ])
})

it('offers nothing of an upstream that is switched off', async () => {
  expect(names(await run([{ upstream: 'files' }], [{ ...files, enabled: false }]))).toEqual([])
})

it('keeps the names of the gateway itself: a tool from elsewhere that has one needs an alias', async () => {
  const pins = ['search_tools', 'Call-Tool', 'read'].map((name) => ({ ...files.pins[0], name }) as Pin)
  const selected = (alias: object) => [selectionSchema.parse({ upstream: 'files', alias })]
  const reserved = ['search_tools', 'call_tool']
  const offered = await offer(selected({}), { upstreams: [{ ...files, pins }] }, reserved)
  expect(names(offered)).toEqual(['read'])
  expect(offered.faults.map(({ message }) => message)).toEqual([
    'give "search_tools" an alias: search_tools is a tool of the gateway itself (see finding)',
    'give "Call-Tool" an alias: Call-Tool is a tool of the gateway itself (see finding)',
  ])
  const aliased = await offer(selected({ search_tools: 'find' }), { upstreams: [{ ...files, pins }] }, reserved)
  expect(names(aliased)).toEqual(['find', 'read'])
})

it('offers of a tool Worker what was admitted and allowed, and takes no other source for one', async () => {
  const definition = {
    name: 'Do',
    title: 'Do',
    description: 'Does it.',
    inputSchema: { type: 'object', properties: {} },
    behaviour: { operation: 'delete', destructive: true, idempotent: false, openWorld: true },
    authorization: { provider: 'github', scopes: ['repo'] },
    secrets: [],
    sensitive: [],
    revision: 'r1',
  }
  const pin: Pin = { kind: 'tool', name: 'Do', hash: 'h', definition, behaviour: null, status: 'admitted' }
  const acme = (settings: object, pins: Pin[] = [pin]) => [{ ...files, id: 'acme', url: 'worker:acme', settings, pins }]
  const allowed = { allow: { providers: ['github'] } }
  const { tools } = await run([{ worker: 'acme' }], acme(allowed))
  expect(tools).toMatchObject([
    {
      name: 'Do',
      behaviour: definition.behaviour,
      authorization: { provider: 'github', scopes: ['repo'], takesAccount: true },
      source: { kind: 'worker', binding: 'acme', remoteName: 'Do', revision: 'r1' },
    },
  ])
  expect(names(await run([{ worker: 'acme' }], acme({})))).toEqual([])
  expect(names(await run([{ worker: 'acme' }], acme(allowed, [{ ...pin, status: 'quarantined' }])))).toEqual([])
  const faults = async (selection: object, upstreams: UpstreamSource[]) =>
    (await run([selection], upstreams)).faults.map(({ message }) => message)
  expect(await faults({ upstream: 'acme' }, acme(allowed))).toEqual(['"acme" is a tool Worker: say worker'])
  expect(await faults({ worker: 'files' }, [files])).toEqual(['there is no tool Worker "files"; add it first'])
})
