import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser } from 'playwright-core'
import type { CallToolResult } from '@modelcontextprotocol/client'
import { startAgent } from './demo-agent.ts'
import { newPerson } from './demo-person.ts'
import { demoPeople } from './demo-world.ts'
import type { DemoDeployment } from './seed-demo.ts'
import { admin } from './seed-demo.ts'
import { enterPressed } from './enter-pressed.ts'
import { Stop } from './stop.ts'

type Person = keyof typeof demoPeople

const step = (text: string) => console.log(`\n${text}`)
const detail = (text: string) => console.log(`    ${text}`)

/** Alice's agent gets something done with her own account; Bob's does not; an approval; and what the record says of it. */
export async function tellStory(deployment: DemoDeployment, browser: Browser | null): Promise<void> {
  const url = `${deployment.url}/engineering/mcp`
  const open = await opener(browser)

  step("1. Alice's agent signs in. It registered itself, so nobody vouches for it yet.")
  const agent = await startAgent({ name: 'Demo agent', url, open: open('alice') })
  const { tools } = await agent.client.listTools()
  detail(`It may see ${tools.length} tools: ${tools.map(({ name }) => name).join(', ')}`)

  step('2. It asks who Alice is on GitHub. She has to connect her account first, once; then the same call goes on.')
  detail(textOf(await call(agent, 'GitHub_WhoAmI')))

  step('3. It lists her repositories. That needs more than step 2 asked for, so she is asked for the difference, once.')
  detail(textOf(await call(agent, 'GitHub_SearchMyRepositories', { text: 'web' })))
  step('   From here on it goes without any page.')
  detail(textOf(await call(agent, 'GitHub_ListIssues', { repository: 'web-shop' })))

  step("   Behind the same URL is somebody else's MCP server, of which an administrator admitted three tools.")
  detail(textOf(await call(agent, 'Everything_echo', { message: 'One URL for both.' })))

  step('4. It tries to file an issue. Unknown agents may only read, so for it there is no such tool.')
  await refused(agent, 'GitHub_CreateIssue', { repository: 'web-shop', title: 'From an agent nobody knows' })

  step('5. The administrator publishes a rule that lets this one agent write. The live session takes it up at once.')
  await letWrite(deployment, 'Demo agent')
  detail(textOf(await call(agent, 'GitHub_CreateIssue', { repository: 'web-shop', title: 'The cart forgets coupons' })))

  step('6. A pull request needs a colleague to say yes. Alice cannot approve her own; Carol can.')
  const pullRequest = { repository: 'web-shop', title: 'Keep coupons', from_branch: 'keep-coupons' }
  const asked = await waitingFor(agent, 'GitHub_CreatePullRequest', pullRequest)
  await open('carol')(asked)
  detail(textOf(await call(agent, 'GitHub_CreatePullRequest', pullRequest)))

  step('7. Bob, in sales, through another agent: he may look, but not file, whatever his agent may do.')
  const other = await startAgent({ name: 'Report bot', url, open: open('bob') })
  await letWrite(deployment, 'Report bot')
  const bobs = await other.client.listTools()
  detail(`He may see ${bobs.tools.map(({ name }) => name).join(', ')}`)
  const lastAt = Date.now()
  await refused(other, 'GitHub_CreateIssue', { repository: 'alice-dev/web-shop', title: 'Please add my logo' })

  step('8. What the record says')
  await showRecord(deployment, lastAt)
  await agent.close()
  await other.close()
}

type Agent = Awaited<ReturnType<typeof startAgent>>

async function call(agent: Agent, name: string, args: Record<string, unknown> = {}): Promise<CallToolResult> {
  detail(`${name} ${JSON.stringify(args)}`)
  return (await agent.client.callTool({ name, arguments: args })) as CallToolResult
}

async function refused(agent: Agent, name: string, args: Record<string, unknown>): Promise<void> {
  try {
    const result = await call(agent, name, args)
    if (!result.isError) throw new Stop(`${name} was not refused: ${textOf(result)}`)
    detail(textOf(result))
  } catch (error) {
    if (error instanceof Stop) throw error
    detail(`refused: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function textOf(result: CallToolResult): string {
  return result.content.map((block) => (block.type === 'text' ? block.text : `(${block.type})`)).join(' ')
}

/** One browser per person, so that nobody is signed in as somebody else. */
async function opener(browser: Browser | null): Promise<(who: Person) => (url: string) => Promise<void>> {
  if (!browser) {
    const opened = new Set<string>()
    return (who) => async (url) => {
      // An agent asks again for what its person cannot do, as for Alice's own approval.
      if (opened.has(`${who} ${url}`)) return
      opened.add(`${who} ${url}`)
      detail(`Open this as ${demoPeople[who].name}: ${url}`)
      await enterPressed('    Press Enter when the page says that it is done. ')
    }
  }
  const people = new Map<Person, Awaited<ReturnType<typeof newPerson>>>()
  for (const [who, { name, github }] of Object.entries(demoPeople) as [Person, (typeof demoPeople)[Person]][]) {
    people.set(who, await newPerson(browser, [name, github], (line) => detail(`${name} at ${line}`)))
  }
  return (who) => async (url) => void (await people.get(who)?.open(url))
}

/** A new version of the gateway with one rule more, as an administrator would publish it. */
async function letWrite(deployment: DemoDeployment, name: string): Promise<void> {
  const list = await admin<{ items: { id: string; name: string }[] }>(deployment, 'GET', '/agents')
  const found = list?.items.find((one) => one.name === name)
  if (!found) throw new Stop(`no agent named ${name}`)
  const live = await admin<{ version: number; document: GatewayFile }>(deployment, 'GET', '/gateways/engineering')
  if (!live) throw new Stop('no gateway named engineering')
  const { document, version: base } = live
  const rule = {
    id: `let-${found.id.slice(0, 8).replace(/[^A-Za-z0-9]/g, '0')}-write`,
    effect: 'permit',
    agents: { ids: [found.id] },
  }
  document.rules.agent.push(rule)
  await admin(deployment, 'POST', '/gateways/apply', { document, base })
}

type GatewayFile = { rules: { agent: unknown[] } }

/** The link in the answer of a call that waits for an approval. */
async function waitingFor(agent: Agent, name: string, args: Record<string, unknown>): Promise<string> {
  detail(`${name} ${JSON.stringify(args)}`)
  const answer = textOf((await agent.client.callTool({ name, arguments: args })) as CallToolResult)
  const link = /https?:\/\/\S+\/approve\/[\w-]+/.exec(answer)?.[0]
  if (!link) throw new Stop(`no approval was asked for: ${answer}`)
  detail(`waits for ${link}`)
  return link
}

type Row = { at: number; type: string; tool?: string; decision?: string; outcome?: string; user?: string }

const recordedWithinMs = 15_000

/** Once it has the refusal that came last: a session hands its events on in batches. */
async function showRecord(deployment: DemoDeployment, lastAt: number): Promise<void> {
  for (const until = Date.now() + recordedWithinMs; ; await sleep(200)) {
    const page = await admin<{ items: Row[] }>(deployment, 'GET', '/events?limit=100')
    const rows = page?.items ?? []
    if (rows.some(({ type, at }) => type === 'tool.refused' && at >= lastAt)) return showRows(rows)
    if (Date.now() > until) throw new Stop('The last refusal did not reach the record.')
  }
}

function showRows(rows: readonly Row[]): void {
  for (const { at, type, tool = '', decision = '', outcome = '' } of rows.toReversed()) {
    const time = new Date(at).toISOString().slice(11, 23)
    detail(`${time}  ${type.padEnd(24)} ${tool.padEnd(28)} ${decision.padEnd(8)} ${outcome}`)
  }
}
