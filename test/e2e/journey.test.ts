import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CallToolResult } from '@modelcontextprotocol/client'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../../scripts/lib/browser.ts'
import { createChildren } from '../../scripts/lib/children.ts'
import { startAgent } from '../../scripts/lib/demo-agent.ts'
import { newPerson } from '../../scripts/lib/demo-person.ts'
import { demoPeople } from '../../scripts/lib/demo-world.ts'
import { freePortsFor, startLocal } from '../../scripts/lib/local-deployment.ts'
import type { DemoDeployment } from '../../scripts/lib/seed-demo.ts'
import { seedDemo } from '../../scripts/lib/seed-demo.ts'

/** The main journey on real parts: the Worker, a real client, a real browser, and services that others wrote. */
const children = createChildren(() => {}, console.log)
let world: DemoDeployment
let folder: string
let browser: Browser

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'behalf-journey-'))
  const ports = await freePortsFor()
  const [local, launched] = await Promise.all([
    startLocal(children, { ports, demo: true, folder, tell: () => {} }),
    launchBrowser(),
  ])
  browser = launched
  world = { ...local, ports }
  await seedDemo(world)
})

afterAll(async () => {
  await browser?.close()
  await children.stop()
  await rm(folder, { recursive: true, force: true })
})

const person = (who: keyof typeof demoPeople) => newPerson(browser, [demoPeople[who].name, demoPeople[who].github])
const gateway = () => `${world.url}/engineering/mcp`
const textOf = (result: unknown) =>
  (result as CallToolResult).content.map((block) => (block.type === 'text' ? block.text : '')).join('')

describe('a person with an MCP client', () => {
  it.each(['auto', 'legacy'] as const)(
    'signs in, calls a tool, connects an account once, and gets the answer with their own token (%s)',
    async (era) => {
      const alice = await person('alice')
      const opened: string[] = []
      const agent = await startAgent({
        name: `Agent ${era}`,
        url: gateway(),
        era,
        async open(url) {
          opened.push(url)
          await alice.open(url)
        },
      })
      const first = await agent.client.callTool({ name: 'GitHub_WhoAmI', arguments: {} })
      const link = /https?:\/\/\S+\/connect\/[\w-]+/.exec(textOf(first))?.[0]
      if (link) await alice.open(link)
      const result = link ? await agent.client.callTool({ name: 'GitHub_WhoAmI', arguments: {} }) : first
      expect((result as CallToolResult).structuredContent).toMatchObject({ login: 'alice-dev' })

      const before = opened.length
      await agent.client.callTool({ name: 'GitHub_WhoAmI', arguments: {} })
      expect(opened).toHaveLength(before)
      await agent.close()
      await alice.close()
    },
  )

  it('cannot be tricked into connecting an account for another person', async () => {
    const [bob, alice] = [await person('bob'), await person('alice')]
    let link = ''
    const agent = await startAgent({
      name: 'Phisher',
      url: gateway(),
      async open(url) {
        if (url.includes('/connect/')) link = url
        else await bob.open(url)
      },
    })
    await agent.client.callTool({ name: 'GitHub_SearchMyRepositories', arguments: {} }).catch(() => undefined)
    expect(link).not.toBe('')
    expect(await alice.open(link)).toBe('This link is for somebody else')
    // It is burned: the right person cannot use it either.
    expect(await bob.open(link)).toBe('This link does not work any more')
    await agent.close()
    await Promise.all([bob.close(), alice.close()])
  })

  it('is refused what their group may not do, in the words of a tool that does not exist', async () => {
    const bob = await person('bob')
    const agent = await startAgent({
      name: 'Report bot',
      url: gateway(),
      open: async (url) => void (await bob.open(url)),
    })
    const { tools } = await agent.client.listTools()
    expect(tools.map(({ name }) => name)).not.toContain('GitHub_CreateIssue')
    const said = (name: string) =>
      agent.client
        .callTool({ name, arguments: { repository: 'a/b', title: 't' } })
        .then(textOf, (error: Error) => error.message)
    expect(await said('GitHub_CreateIssue')).toBe(await said('GitHub_NoSuchTool'))
    await agent.close()
    await bob.close()
  })
})
