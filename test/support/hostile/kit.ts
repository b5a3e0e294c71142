import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { ClientOptions } from '@modelcontextprotocol/client'
import type { Fixture, FixtureOptions } from '../fixture/fixture.ts'
import { startFixture } from '../fixture/fixture.ts'
import type { FixtureTool } from '../fixture/tools.ts'
import type { Served } from '../serve-fetch.ts'
import { serveFetch } from '../serve-fetch.ts'
import type { World } from '../world.ts'

/** How many were tried, and with how many it ended as it should: attacks stopped, benign things let through. */
export type Count = { good: number; of: number }

/** An attack of an upstream server and its benign twin: the same subject, honest. Both run through a gateway. */
export type Pair = {
  /** Numbers of attack cases (docs/threats.md). */
  cases: readonly number[]
  name: string
  attack(kit: Kit): Promise<Count>
  benign(kit: Kit): Promise<Count>
}

export type Score = { name: string; cases: readonly number[]; stopped: Count; letThrough: Count }

export type Behind = { client: Client; names: string[]; fixture: Fixture; gateway: string; added: string }

export type BehindOptions = FixtureOptions & {
  settings?: { header?: string; timeoutMs?: number }
  client?: ClientOptions
  /** Admits also what was found to be dangerous. */
  trusting?: boolean
}

/** What an attack has at hand: servers of its own, gateways before them, and clients of those. */
export class Kit {
  readonly world: World
  readonly #closing: (() => Promise<unknown>)[] = []
  #made = 0

  constructor(world: World) {
    this.world = world
  }

  async serve(handler: (request: Request) => Promise<Response> | Response): Promise<Served> {
    const served = await serveFetch(handler)
    this.#closing.push(() => served.close())
    return served
  }

  async fixture(options: FixtureOptions): Promise<Fixture> {
    const fixture = await startFixture(options)
    this.#closing.push(() => fixture.close())
    return fixture
  }

  /** A server with these tools, added and admitted as an administrator would, alone behind a gateway, and a client of that. */
  async behind(tools: Record<string, FixtureTool>, options: BehindOptions = {}): Promise<Behind> {
    const { settings = {}, client: clientOptions, trusting, ...fixtureOptions } = options
    const fixture = await this.fixture({ tools, ...fixtureOptions })
    const gateway = this.name()
    const added = await this.add(gateway, fixture.mcp, settings)
    await this.world.cli('upstream', 'admit', gateway, '--all', ...(trusting ? ['--with-findings'] : []))
    await this.world.addGateway(gateway, { tools: [{ upstream: gateway }] })
    const client = await this.connect(gateway, clientOptions)
    return { client, names: await namesOf(client), fixture, gateway, added }
  }

  async add(
    id: string,
    url: string,
    { header, timeoutMs }: NonNullable<BehindOptions['settings']> = {},
  ): Promise<string> {
    const headers = header === undefined ? [] : ['--header', header]
    const added = await this.world.cli('upstream', 'add', id, url, ...headers, '--yes')
    if (timeoutMs !== undefined) await this.world.admin('PUT', `/upstreams/${id}`, { url, settings: { timeoutMs } })
    return added.out
  }

  async connect(gateway: string, options: ClientOptions = {}): Promise<Client> {
    const client = new Client({ name: 'kit', version: '1' }, { versionNegotiation: { mode: 'auto' }, ...options })
    const requestInit = { headers: this.world.as('ada') }
    await client.connect(new StreamableHTTPClientTransport(new URL(this.world.mcp(gateway)), { requestInit }))
    this.#closing.push(() => client.close())
    return client
  }

  /** An id that no other attack has. */
  name(): string {
    return `hostile-${++this.#made}`
  }

  async close(): Promise<void> {
    for (const close of this.#closing.toReversed()) await close()
  }
}

export const namesOf = async (client: Client): Promise<string[]> =>
  (await client.listTools(undefined, { cacheMode: 'refresh' })).tools.map(({ name }) => name)

export type Answer = { text: string; isError: boolean; whole: string }

/** What a client gets to read of a call: its result, or the error. */
export async function ask(
  client: Client,
  name: string,
  args: Record<string, unknown> = {},
  options: Parameters<Client['callTool']>[1] = {},
): Promise<Answer> {
  try {
    const result = await client.callTool({ name, arguments: args }, options)
    const text = result.content.map((block) => (block.type === 'text' ? block.text : `(${block.type})`)).join(' ')
    return { text, isError: result.isError === true, whole: JSON.stringify(result) }
  } catch (error) {
    const { message = '', data } = error as { message?: string; data?: unknown }
    return { text: message, isError: true, whole: `${message} ${JSON.stringify(data)}` }
  }
}

export const count = (...outcomes: readonly boolean[]): Count => ({
  good: outcomes.filter(Boolean).length,
  of: outcomes.length,
})

/** All pairs, a few at a time. A pair that throws has stopped and let through nothing. */
export async function runPairs(world: World, pairs: readonly Pair[]): Promise<Score[]> {
  const kit = new Kit(world)
  const scores: Score[] = []
  const waiting = [...pairs]
  const one = async (name: string, run: (kit: Kit) => Promise<Count>): Promise<Count> =>
    run(kit).catch((fault: unknown) => {
      console.error(`${name}: ${fault instanceof Error ? fault.stack : String(fault)}`)
      return { good: 0, of: 1 }
    })
  const work = async (): Promise<void> => {
    for (let pair = waiting.shift(); pair; pair = waiting.shift()) {
      const { name, cases } = pair
      const stopped = await one(name, (one) => pair.attack(one))
      scores.push({ name, cases, stopped, letThrough: await one(`${name} (benign)`, (one) => pair.benign(one)) })
    }
  }
  await Promise.all([work(), work(), work()])
  await kit.close()
  return pairs.flatMap(({ name }) => scores.filter((score) => score.name === name))
}

const sum = (counts: readonly Count[]): Count => ({
  good: counts.reduce((all, { good }) => all + good, 0),
  of: counts.reduce((all, { of }) => all + of, 0),
})

/** The score as a table: both columns count, since whoever refuses everything stops every attack. */
export function scoreLines(scores: readonly Score[]): string[] {
  const show = ({ good, of }: Count): string => `${good}/${of}`.padStart(9)
  const row = (name: string, one: Pick<Score, 'stopped' | 'letThrough'>): string =>
    `${name.padEnd(62)}${show(one.stopped)}${show(one.letThrough)}`
  const total = {
    stopped: sum(scores.map(({ stopped }) => stopped)),
    letThrough: sum(scores.map(({ letThrough }) => letThrough)),
  }
  return [
    `${'hostile upstream (attack cases)'.padEnd(62)}  stopped   benign`,
    ...scores.map((one) => row(`${one.name} (${one.cases.join(', ')})`, one)),
    row('all', total),
  ]
}
