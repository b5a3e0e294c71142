import type { CallToolResult } from '@modelcontextprotocol/client'
import type { Asked } from '../identity-assertions.ts'
import type { PeopledWorld } from '../people.ts'
import type { Caller } from './caller.ts'
import { callerOf, connectAs } from './caller.ts'

/** One scenario of the suite: the server it started, and what it tells a client beforehand. */
export type Scene = { id: string; server: string; scenario: string; revision: string; context: Record<string, unknown> }

/** The caller keeps the browser for all of them, having signed in once. */
export type Stage = PeopledWorld & { caller: Caller }

export type Journey = (scene: Scene, world: Stage) => Promise<void>

/**
 * What a company does with a server of the suite, so that our upstream client meets it: an administrator adds and admits it, a
 * person calls its tools through a gateway. A scenario that needs something else has a row of its own.
 */
const byScenario: readonly (readonly [RegExp, Journey])[] = [
  [/^auth\/client-credentials/, asService],
  [/^auth\/enterprise-managed/, asserted],
  [/^auth\/(dpop|wif)/, notThere],
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

/**
 * A server whose authorization server takes identity assertions (ID-JAG). The suite's identity provider signs nobody in, it hands
 * an ID token out. So they sign in at the company, which has the assertion made there: with that token in place of theirs, and
 * all else as our client asked for it. The assertion is redeemed where the scenario says.
 */
async function asserted({ id, server, context }: Scene, world: Stage): Promise<void> {
  const { issuer, clientId, clientSecret, assertions } = world.company
  const { client_id: ours, client_secret: secret } = context as Record<string, string>
  const resource = await json(new URL('/.well-known/oauth-protected-resource/mcp', server))
  const [audience] = resource['authorization_servers'] as [string]
  const { token_endpoint: tokenUrl } = await json(new URL('/.well-known/oauth-authorization-server', audience))
  assertions.trusted.push({ audience, clientId: `${ours}`, madeBy: (asked) => assertionFor(asked, context) })
  await must(world, 'PUT', '/secrets/ASSERTED_COMPANY', { value: clientSecret })
  await must(world, 'PUT', '/secrets/ASSERTED_SERVER', { value: secret })
  const credentials = {
    kind: 'exchange',
    provider: 'sign-in:company',
    tokenUrl: `${issuer}/token`,
    clientId,
    secret: 'ASSERTED_COMPANY',
    audience,
    redeem: { tokenUrl, clientId: ours, secret: 'ASSERTED_SERVER' },
  }
  await must(world, 'PUT', `/upstreams/${id}`, { url: server, settings: { credentials } })
  const caller = await callerOf(world, 'eve')
  const { connect } = await must(world, 'POST', `/upstreams/${id}/list-as`, { user: caller.id })
  await caller.browser.open(String(connect))
  await read(id, world)
  await admitAll(id, world)
  await world.addGateway(id, { tools: [{ upstream: id }] })
  await callEverything(id, { ...world, caller })
}

async function assertionFor(asked: Asked, context: Scene['context']): Promise<string> {
  const { idp_token_endpoint: endpoint, idp_id_token: idToken } = context as Record<string, string>
  const given = Object.entries({ ...asked, subject_token: idToken }).filter(([, value]) => value !== undefined)
  const form = new URLSearchParams(given as [string, string][])
  form.set('grant_type', 'urn:ietf:params:oauth:grant-type:token-exchange')
  const answer = await json(new URL(`${endpoint}`), { method: 'POST', body: form })
  return String(answer['access_token'])
}

async function json(url: URL, init: RequestInit = {}): Promise<Record<string, unknown>> {
  return (await (await fetch(url, init)).json()) as Record<string, unknown>
}

async function signIn(id: string, context: Record<string, unknown>, world: Stage): Promise<void> {
  const { client_id: clientId, client_secret: clientSecret } = context
  await must(world, 'POST', `/upstreams/${id}/sign-in`, clientId === undefined ? {} : { clientId, clientSecret })
  const { connect } = await must(world, 'POST', `/upstreams/${id}/list-as`, { user: world.caller.id })
  if (typeof connect !== 'string') throw new Error('they have an account there already')
  const { status, html } = await world.caller.browser.open(connect)
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
 * Each tool once, with what the scenario gives, else with the least its schema asks for. What it asks of the person they answer;
 * where they have to allow more first, they do and call again.
 */
async function callEverything(id: string, world: Stage, context: Record<string, unknown> = {}): Promise<void> {
  const capabilities = { elicitation: { form: { applyDefaults: true } } }
  const client = await connectAs(world, world.caller.subject, id, capabilities)
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { confirmed: true } }))
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
        await world.caller.browser.open(link)
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
