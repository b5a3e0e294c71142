import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { CallToolResult } from '@modelcontextprotocol/client'
import type { PeopledWorld, Person } from '../people.ts'

/** One scenario of the suite: the server it started, and what it tells a client beforehand. */
export type Scene = { id: string; server: string; scenario: string; revision: string; context: Record<string, unknown> }

/** Ada keeps her browser for all of them: she signs in once. */
export type Stage = PeopledWorld & { ada: Person; adaId: string }

export type Journey = (scene: Scene, world: Stage) => Promise<void>

/**
 * What a company does with a server of the suite, so that our upstream client meets it: an administrator adds and admits it, a
 * person calls its tools through a gateway. A scenario that needs something else has a row of its own.
 */
const byScenario: readonly (readonly [RegExp, Journey])[] = [
  [/^auth\/client-credentials/, asService],
  [/^auth\/(enterprise-managed|dpop|wif)/, notThere],
  [/^auth\//, signedIn],
]

export function journeyOf(scenario: string): Journey {
  return byScenario.find(([name]) => name.test(scenario))?.[1] ?? plain
}

/** Extensions that no revision requires, and that our client does not have. */
async function notThere({ scenario }: Scene): Promise<void> {
  throw new Error(`${scenario} is not there`)
}

/** A server that asks nobody to sign in. */
async function plain({ id, server, context }: Scene, world: Stage): Promise<void> {
  await must(world, 'PUT', `/upstreams/${id}`, { url: server })
  await admitAll(id, world)
  await world.addGateway(id, { tools: [{ upstream: id }] })
  await callEverything(id, world, context)
}

/** A server that wants to know the person: its own OAuth, the grant in our vault, consent through our connect page. */
async function signedIn({ id, server, context }: Scene, world: Stage): Promise<void> {
  await must(world, 'PUT', `/upstreams/${id}`, { url: server })
  await signIn(id, context, world)
  const health = await read(id, world)
  // It named another authorization server since: the administrator decides about that, and people connect anew.
  if (health === 'needs_sign_in') {
    await signIn(id, context, world)
    await read(id, world)
  }
  await admitAll(id, world)
  await world.addGateway(id, { tools: [{ upstream: id }] })
  await callEverything(id, world)
}

/** A server that knows our service: a grant of its own, by a secret or by a key. */
async function asService({ id, server, context }: Scene, world: Stage): Promise<void> {
  const { client_id: clientId, client_secret: secret, private_key_pem: privateKey, signing_algorithm: alg } = context
  const how = secret === undefined ? { privateKey, algorithm: alg } : { clientSecret: secret }
  await must(world, 'PUT', `/upstreams/${id}`, { url: server })
  await must(world, 'PUT', `/service-accounts/${id}`)
  await must(world, 'POST', `/upstreams/${id}/service`, { serviceAccount: id, clientId, ...how })
  await read(id, world)
  await admitAll(id, world)
  await world.addGateway(id, { tools: [{ upstream: id }] })
  await callEverything(id, world)
}

async function signIn(id: string, context: Record<string, unknown>, world: Stage): Promise<void> {
  const { client_id: clientId, client_secret: clientSecret } = context
  await must(world, 'POST', `/upstreams/${id}/sign-in`, clientId === undefined ? {} : { clientId, clientSecret })
  const { connect } = await must(world, 'POST', `/upstreams/${id}/list-as`, { user: world.adaId })
  if (typeof connect !== 'string') throw new Error('ada has an account there already')
  const { status, html } = await world.ada.open(connect)
  if (!html.includes('Connected as')) throw new Error(`not connected: ${status} ${textOf(html)}`)
}

async function read(id: string, world: Stage): Promise<unknown> {
  const { health } = await must(world, 'POST', `/upstreams/${id}/sync`, {})
  return (health as { state: string }).state
}

async function admitAll(id: string, world: Stage): Promise<void> {
  const { items } = await must(world, 'GET', `/upstreams/${id}/pins`)
  const decisions = (items as { kind: string; name: string; hash: string }[]).map(({ kind, name, hash }) => ({
    kind,
    name,
    hash,
    decision: 'admit',
  }))
  if (decisions.length === 0) throw new Error('the server offers nothing')
  await must(world, 'POST', `/upstreams/${id}/pins`, { decisions })
}

type Call = { name: string; arguments: Record<string, unknown> }

/**
 * Each tool once, with what the scenario gives, else with the least its schema asks for. What it asks of her she answers; where
 * she has to allow more first, she does and calls again.
 */
async function callEverything(id: string, world: Stage, context: Record<string, unknown> = {}): Promise<void> {
  const capabilities = { elicitation: { form: { applyDefaults: true } } }
  const client = new Client(
    { name: 'conformance', version: '1' },
    { versionNegotiation: { mode: 'auto' }, capabilities },
  )
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { confirmed: true } }))
  const requestInit = { headers: world.as('ada') }
  await client.connect(new StreamableHTTPClientTransport(new URL(world.mcp(id)), { requestInit }))
  try {
    const calls = (context['toolCalls'] ?? []) as Call[]
    const given = new Map(calls.map((one) => [one.name, withoutNull(one.arguments)]))
    for (const { name, inputSchema } of (await client.listTools()).tools) {
      const call = { name, arguments: given.get(name) ?? leastFor(inputSchema) }
      for (let consents = 0; ; consents++) {
        const result = (await client.callTool(call)) as CallToolResult
        const link = /https?:\/\/\S+\/connect\/[\w-]+/.exec(JSON.stringify(result.content))?.[0]
        if (link === undefined && result.isError) throw new Error(`${name}: ${JSON.stringify(result.content)}`)
        if (link === undefined) break
        if (consents > 0) throw new Error(`${name}: asks again and again`)
        await world.ada.open(link)
      }
    }
  } finally {
    await client.close()
  }
}

/** A null fits no schema of theirs. Left out it says the same. */
const withoutNull = (given: Call['arguments']): Call['arguments'] =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null))

function leastFor({ properties = {}, required = [] }: { properties?: unknown; required?: string[] | undefined }) {
  const kinds = properties as Record<string, { type?: string } | undefined>
  const values: Record<string, unknown> = { number: 1, integer: 1, boolean: true, array: [], object: {}, string: 'x' }
  return Object.fromEntries(required.map((name) => [name, values[kinds[name]?.type ?? 'string'] ?? null]))
}

async function must(world: Stage, method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const answer = await world.admin(method, path, body)
  if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  return answer.body
}

const textOf = (html: string): string =>
  html
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .slice(0, 300)
