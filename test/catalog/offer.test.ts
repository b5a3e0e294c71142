import { expect, it } from 'vitest'
import { offer, selectionSchema } from '../../src/catalog/catalog.ts'
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
  enabled: true,
  settings: {},
  pins: [pin('read'), pin('write'), pin('remove', { status: 'quarantined' })],
}

const run = (selections: unknown[], upstreams: UpstreamSource[] = [files]) =>
  offer(
    selections.map((one) => selectionSchema.parse(one)),
    { upstreams },
  )

const names = (offered: { tools: { name: string }[] }): string[] => offered.tools.map((tool) => tool.name)

it('offers what was admitted, by name, under the name of its source', async () => {
  const offered = await run([{ upstream: 'files' }])
  expect(names(offered)).toEqual(['Files_read', 'Files_write'])
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
    ['Files_read', 'read', false],
    ['Files_write', 'create', false],
  ])
})

it('chooses, leaves out and renames', async () => {
  expect(names(await run([{ upstream: 'files', include: ['r*'] }]))).toEqual(['Files_read'])
  expect(names(await run([{ upstream: 'files', exclude: ['write'] }]))).toEqual(['Files_read'])
  expect(names(await run([{ upstream: 'files', prefix: '' }]))).toEqual(['read', 'write'])
  expect(names(await run([{ upstream: 'files', alias: { read: 'Open' } }]))).toEqual(['Files_write', 'Open'])
})

it('hides both of two tools with one name and says so', async () => {
  const offered = await run([{ upstream: 'files' }, { upstream: 'files', include: ['read'] }])
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
