import { describe, expect, it } from 'vitest'
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

it('remembers which tools a server runs as tasks and not otherwise', async () => {
  const supports = (taskSupport: unknown) => ({ definition: { execution: { taskSupport } } })
  const pins = [pin('a', supports('required')), pin('b', supports('optional')), pin('c', supports(7)), pin('d')]
  const { tools } = await run([{ upstream: 'files' }], [{ ...files, pins }])
  expect(tools.map(({ source }) => 'taskOnly' in source)).toEqual([true, false, false, false])
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

it('says how an alias is written where nothing else settles two names', async () => {
  const { faults } = await run([{ upstream: 'files', alias: { write: 'READ' } }])
  expect(faults[0]?.message).toBe(
    'READ and read are one name to some clients; set an alias, such as alias: { "write": another_name }',
  )
})

it('hides both of two tools with one name and says so', async () => {
  const offered = await run([{ upstream: 'files' }, { upstream: 'files', include: ['read'], prompts: [] }])
  expect(names(offered)).toEqual(['Files_write'])
  expect(offered.faults).toEqual([
    { path: 'tools[1]', message: 'Files_read is offered twice; set a prefix or an alias', hidden: ['Files_read'] },
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

describe('two servers with one name', () => {
  const server = (id: string, kind: string, ...names: string[]): UpstreamSource => ({
    ...files,
    id,
    pins: names.map((name) => {
      const definition = { uri: name, uriTemplate: name, name: 'a thing' }
      return pin(name, { kind, definition: kind === 'prompt' ? { description: 'Asks' } : definition })
    }),
  })
  const both = async (a: UpstreamSource, b: UpstreamSource, more: object = {}) => {
    const { prompts, resources, templates, faults } = await run(
      [
        { upstream: 'a', prefix: '' },
        { upstream: 'b', prefix: '', ...more },
      ],
      [a, b],
    )
    const offered = [...prompts.map(({ name }) => name), ...resources.map(({ uri }) => uri)]
    return { offered: [...offered, ...templates.map(({ uriTemplate }) => uriTemplate)], faults }
  }
  const templates = (id: string, ...names: string[]) => server(id, 'template', ...names)
  const resources = (id: string, ...names: string[]) => server(id, 'resource', ...names)

  it.each([
    ['the names of variables', 'db://{a}', 'db://{b}'],
    ['an ending', 'x://{o}', 'x://{o}/issues'],
    ['a beginning', 'x://repos/{o}', 'x://{kind}/mine'],
    ['operators', 'x://r{/path*}', 'x://r/{p}{?q,limit}'],
    ['upper case', 'DB://{a}', 'db://{a}'],
    ['a template that stands for anything', '{+uri}', 'db://{a}'],
    ['a star that is text', 'x://a*/{b}', 'x://a*/{c}'],
    ['no variable', 'x://a', 'x://{b}'],
  ])('hides templates that can stand for one address and differ in %s', async (_, one, other) => {
    const { offered, faults } = await both(templates('a', one), templates('b', other))
    expect(offered).toEqual([])
    expect(faults).toMatchObject([{ path: 'tools[1]', hidden: [one, other] }])
  })

  it.each([
    ['db://{a}', 'bd://{a}'],
    ['x://{a}/issues', 'x://{a}/pulls'],
    ['x://users/{a}', 'x://repos/{a}'],
    ['x://a', 'x://a/{b}'],
  ])('keeps %s and %s, which never stand for the same', async (one, other) => {
    const { offered, faults } = await both(templates('a', one), templates('b', other))
    expect(offered.toSorted()).toEqual([one, other].toSorted())
    expect(faults).toEqual([])
  })

  it('hides a resource of one server that a template of another can stand for, and equal ones', async () => {
    expect((await both(resources('a', 'db://users'), templates('b', 'db://{t}'))).offered).toEqual([])
    expect((await both(templates('a', 'db://{t}'), resources('b', 'db://users', 'x://y'))).offered).toEqual(['x://y'])
    expect((await both(resources('a', 'db://users'), resources('b', 'db://users', 'db://more'))).offered).toEqual([
      'db://more',
    ])
  })

  it('lets one server say the same in several ways, and takes a resource chosen twice for one', async () => {
    const a = { ...server('a', 'template', 'x://{o}', 'x://{o}/issues') }
    a.pins = [...a.pins, ...server('a', 'resource', 'x://o').pins]
    const offered = await run([{ upstream: 'a' }, { upstream: 'a', include: ['x'], resources: ['*'] }], [a])
    expect(offered.templates.map(({ uriTemplate }) => uriTemplate)).toEqual(['x://{o}', 'x://{o}/issues'])
    expect(offered.resources.map(({ uri }) => uri)).toEqual(['x://o'])
  })

  it.each([
    ['resource', 'db://users', 'db://users', { resources: ['!db://users'] }],
    ['template', 'db://{a}', 'db://{b?x}', { resources: ['!db://{b?x}'] }],
    ['prompt', 'ask', 'Ask', { prompts: ['!Ask'] }],
  ])('says of a %s what settles it, and that does', async (kind, one, other, settled) => {
    const { offered, faults } = await both(server('a', kind, one), server('b', kind, other, 'z://rest'))
    expect(offered).toHaveLength(1)
    expect(faults[0]?.message).toContain(
      `${JSON.stringify(Object.values(settled)[0]?.[0])} in ${Object.keys(settled)[0]}`,
    )
    const after = await both(server('a', kind, one), server('b', kind, other, 'z://rest'), settled)
    expect(after.faults).toEqual([])
    expect(after.offered).toHaveLength(2)
    expect(after.offered).toContain(one)
  })

  it('says of prompts that a prefix settles it, and of two of one source that it does not', async () => {
    const { faults } = await both(server('a', 'prompt', 'ask'), server('b', 'prompt', 'ask'), { prefix: '' })
    expect(faults[0]?.message).toBe('ask is offered twice; set a prefix, or leave one out: "!ask" in prompts')
    expect((await both(server('a', 'prompt', 'ask'), server('b', 'prompt', 'ask'), { prefix: 'B' })).faults).toEqual([])
    const one = await both(server('a', 'prompt', 'ask-me', 'ask_me'), server('b', 'prompt'))
    expect(one.faults[0]?.message).toBe(
      'ask_me and ask-me are one name to some clients; leave one out: "!ask_me" in prompts',
    )
  })

  it('says of a prompt or a tool whose name has no usable character how it can be there, or not', async () => {
    const named = server('a', 'prompt', '提示')
    const { offered, faults } = await both(named, server('b', 'prompt'))
    expect(offered).toEqual([])
    expect(faults[0]?.message).toBe('"提示" has no character that clients can take; leave it out: "!提示" in prompts')
    const settled = await run([{ upstream: 'a', prompts: ['!提示'] }], [named])
    expect(settled.faults).toEqual([])
    const tools = await run([{ upstream: 'a', alias: { 提示: 'hint' } }], [{ ...files, id: 'a', pins: [pin('提示')] }])
    expect([names(tools), tools.faults]).toEqual([['hint'], []])
  })

  it('says that what is to be left out is not there', async () => {
    const { faults } = await both(resources('a', 'db://a'), resources('b', 'db://b'), { resources: ['!db://bb'] })
    expect(faults).toMatchObject([
      { path: 'tools[1].resources', message: '"!db://bb" matches nothing; there is db://b' },
    ])
  })
})

describe('pages of apps (MCP Apps)', () => {
  const page = (id: string, uri: string, more: object = {}): UpstreamSource => ({
    ...files,
    id,
    pins: [
      pin('show', { definition: { description: 'Shows.', _meta: { ui: { resourceUri: uri } } } }),
      pin('plain'),
      pin(`ui://${id}/page`, {
        kind: 'resource',
        definition: {
          uri: `ui://${id}/page`,
          name: 'page',
          _meta: { ui: { csp: { connectDomains: ['https://api.example'] }, x: 1 } },
        },
      }),
    ],
    ...more,
  })
  const uis = async (a: UpstreamSource, ...others: UpstreamSource[]) => {
    const { tools } = await run(
      [a, ...others].map(({ id }) => ({ upstream: id })),
      [a, ...others],
    )
    return Object.fromEntries(tools.map(({ name, meta }) => [name, meta?.['ui']]))
  }

  it('are listed with what was admitted of them, and the origins an administrator allows beside', async () => {
    const pages = { csp: { resourceDomains: ['https://cdn.example'] } }
    const { resources } = await run([{ upstream: 'a' }], [page('a', 'ui://a/page', { settings: { pages } })])
    expect(resources).toMatchObject([
      { meta: { ui: { csp: { connectDomains: ['https://api.example'] } } }, page: pages },
    ])
    expect(JSON.stringify(resources)).not.toContain('"x"')
  })

  it('leave the tools of their own server as they are', async () => {
    expect(await uis(page('a', 'ui://a/page'))).toEqual({ show: { resourceUri: 'ui://a/page' }, plain: undefined })
  })

  it('may not call the tools of a source without pages', async () => {
    expect(await uis(page('a', 'ui://a/page'), files)).toEqual({
      A_show: { resourceUri: 'ui://a/page' },
      A_plain: undefined,
      Files_read: { visibility: ['model'] },
      Files_write: { visibility: ['model'] },
    })
  })

  it('leave a tool that was there for another page alone for nobody', async () => {
    const meta = { ui: { visibility: ['app'] } }
    const hidden = { ...files, pins: [pin('read', { definition: { description: 'Reads.', _meta: meta } })] }
    expect((await uis(page('a', 'ui://a/page'), hidden))['Files_read']).toEqual({ visibility: [] })
  })

  it("are shown for no other server's tool", async () => {
    const ui = await uis(page('a', 'ui://a/page'), page('b', 'ui://a/page'))
    expect([ui['A_show'], ui['B_show']]).toEqual([{ resourceUri: 'ui://a/page' }, undefined])
  })
})
