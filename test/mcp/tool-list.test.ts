import { expect, test } from 'vitest'
import type { Tool } from '../../src/core/tool.ts'
import type { ListRequest } from '../../src/session/session.ts'
import { FakeSession, front, gatewayUrl, modern, post, read, toolNamed } from '../support/fake-front.ts'

/** A session that marks its lists, and sends one again only to who does not have it. */
function marking(lists: Record<string, Tool[]>) {
  const asked: ListRequest[] = []
  const session = new FakeSession({
    listTools: async (request) => {
      asked.push(request)
      const tools = lists[request.caller.user.name] ?? []
      const mark = `mark of ${tools.map(({ name }) => name).join()}`
      const page = { ok: true as const, version: 1, mark }
      return request.known === mark ? { ...page, tools: [], unchanged: true } : { ...page, tools }
    },
  })
  return { asked, lists, site: front(session) }
}

const names = async (response: Response) => {
  const { result } = await read(response)
  return ((result?.['tools'] ?? []) as { name: string }[]).map(({ name }) => name)
}
const list = (who: string) => modern({ method: 'tools/list' }, { who })

test('a list that did not change is not sent again, and reads the same', async () => {
  const { asked, site } = marking({ list1: [toolNamed('A_One'), toolNamed('B_Two')] })
  // The first that an isolate sees of a client goes through the SDK, which looks at the envelope and has nothing to keep.
  for (let i = 0; i < 4; i++) expect(await names(await site.fetch(list('list1')))).toEqual(['A_One', 'B_Two'])
  const sent = asked.map(({ known }) => known !== undefined)
  expect(sent[0]).toBe(false)
  expect(sent.slice(2)).toEqual([true, true])
})

test('a list that changed is sent, and nobody gets another’s', async () => {
  const { lists, site } = marking({ list2: [toolNamed('A_One')], list3: [toolNamed('C_Three')] })
  for (let i = 0; i < 3; i++) {
    expect(await names(await site.fetch(list('list2')))).toEqual(['A_One'])
    expect(await names(await site.fetch(list('list3')))).toEqual(['C_Three'])
  }
  lists['list2'] = [toolNamed('D_Four')]
  expect(await names(await site.fetch(list('list2')))).toEqual(['D_Four'])
  expect(await names(await site.fetch(list('list3')))).toEqual(['C_Three'])
})

test('each era gets its own text of the same list: schemas of anything but objects are new in 2026-07-28', async () => {
  const { site } = marking({ list4: [toolNamed('A_One', { outputSchema: { type: 'array' } })] })
  const legacy = () =>
    post(gatewayUrl, { jsonrpc: '2.0', id: 1, method: 'tools/list' }, { authorization: 'Bearer list4' })
  for (let i = 0; i < 3; i++) {
    expect((await read(await site.fetch(list('list4')))).result?.['tools']).toMatchObject([
      { outputSchema: { type: 'array' } },
    ])
    const old = (await read(await site.fetch(legacy()))).result
    expect(old?.['tools']).toMatchObject([{ name: 'A_One' }])
    expect(JSON.stringify(old)).not.toMatch(/outputSchema|ttlMs|resultType/)
  }
})

test('a page is kept apart from the next', async () => {
  const asked: ListRequest[] = []
  const session = new FakeSession({
    listTools: async (request) => {
      asked.push(request)
      const mark = request.cursor ?? 'first'
      const page = { ok: true as const, version: 1, mark, ...(request.cursor === undefined && { nextCursor: 'B' }) }
      if (request.known === mark) return { ...page, tools: [], unchanged: true }
      return { ...page, tools: [toolNamed(request.cursor ?? 'A')] }
    },
  })
  const site = front(session)
  const page = (cursor?: string) =>
    site.fetch(modern({ method: 'tools/list', params: cursor ? { cursor } : {} }, { who: 'list5' }))
  for (let i = 0; i < 3; i++) {
    expect((await read((await page()).clone())).result?.['nextCursor']).toBe('B')
    expect(await names(await page())).toEqual(['A'])
    expect(await names(await page('B'))).toEqual(['B'])
  }
})
