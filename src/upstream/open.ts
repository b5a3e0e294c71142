import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { DiscoverResult, PriorDiscovery, Transport } from '@modelcontextprotocol/client'
import type { JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import type { Refusal, Result } from '../core/result.ts'
import { ok } from '../core/result.ts'
import type { Timer } from '../core/timer.ts'
import type { Egress } from '../egress/egress.ts'
import type { Discovered, UpstreamCredential, UpstreamTarget } from './api.ts'
import { CallStreams } from './call-streams.ts'
import { failureOf } from './failure.ts'
import type { Wire, WireSend } from './wire.ts'
import { wireFetch, wireSend } from './wire.ts'

export type Opened = {
  client: Client
  transport: Transport
  wire: Wire
  send: WireSend
  timer: Timer
  /** What we say we are. */
  info: { name: string; version: string }
  discovered: Discovered
  declared: JsonObject
}

/** `timer`: of the object whose calls these are. */
export type OpenUse = { egress: Egress; now: () => number; version: string; timer: Timer }

/** A 2025-era session to go on with, instead of a new one. */
export type Resumable = { sessionId: string; protocolVersion: string }

export type Wish = {
  /** What our client can be asked for. */
  declared: JsonObject
  /** To be told of changes. */
  listens: boolean
  resume: Resumable | null
}

const connectMs = 20_000
const defaultMaxBytes = 5 * 1024 * 1024

/**
 * Speaks with a server as it was found to speak; finds out when nothing is known, or when a 2025-era handshake is refused. A
 * server that was found to speak 2026-07-28 is not asked anything here: that it no longer does shows in what it answers the
 * first request (`Connections.speaksOtherwise`).
 * Tried in order: 2026-07-28 (`server/discover`), the 2025 handshake, then the event stream of 2024-11-05.
 */
export async function open(
  target: UpstreamTarget,
  credential: UpstreamCredential,
  wish: Wish,
  use: OpenUse,
): Promise<Result<Opened>> {
  const how = (known: Discovered | null): Promise<Result<Opened>> => attempt(target, credential, wish, use, known)
  if (target.discovered) {
    const opened = await how(target.discovered)
    if (opened.ok || !speaksOtherwise(opened.error)) return opened
  }
  const found = await how(null)
  if (found.ok || !speaksOtherwise(found.error)) return found
  const legacy = { transport: 'http', era: 'legacy', capabilities: {}, at: use.now() } as const
  // A server that fails on a method it does not know may still know the handshake.
  const shaken = statusOf(found.error) >= 500 ? await how(legacy) : found
  if (shaken.ok) return shaken
  const streamed = await how({ ...legacy, transport: 'sse' })
  return streamed.ok ? streamed : found
}

async function attempt(
  target: UpstreamTarget,
  credential: UpstreamCredential,
  wish: Wish,
  use: OpenUse,
  known: Discovered | null,
): Promise<Result<Opened>> {
  const { declared } = wish
  const resume = known?.era === 'legacy' ? wish.resume : null
  const sse = known?.transport === 'sse'
  const url = new URL(target.url)
  const wire: Wire = {
    url: target.url,
    headers: credential.headers,
    // Older servers put questions for our client on this stream, not on the call's.
    listens: sse || wish.listens || Object.keys(declared).some((name) => name !== 'extensions'),
    origins: [url.origin],
    maxBytes: target.maxBytes ?? defaultMaxBytes,
    now: use.now,
  }
  const through = wireFetch(use.egress, wire)
  const transport = sse
    ? new SSEClientTransport(url, { fetch: through, eventSourceInit: { fetch: through } })
    : new CallStreams(url, { fetch: through, ...resume })
  const info = { name: 'behalf', version: use.version }
  const client = new Client(info, {
    capabilities: declared,
    versionNegotiation: { mode: 'auto' },
    inputRequired: { autoFulfill: false },
  })
  client.onerror = () => {}
  const shared = { client, transport, wire, send: wireSend(use.egress, wire), timer: use.timer, info, declared }
  try {
    const prior = known && priorOf(known)
    await client.connect(transport, { timeout: connectMs, ...(prior && { prior }) })
    if (client.getProtocolEra() === 'modern') assumeComplete(transport)
    // Nothing was asked, so nothing newer is known.
    if (known && prior?.kind === 'modern') return ok({ ...shared, discovered: known })
    if (!known || !resume) return ok({ ...shared, discovered: whatWasFound(client, sse, use.now()) })
    if (wire.listens && transport instanceof StreamableHTTPClientTransport)
      await transport.resumeStream('').catch(() => {})
    return ok({ ...shared, discovered: known })
  } catch (error) {
    await client.close().catch(() => {})
    return { ok: false, error: failureOf(error).refusal }
  }
}

/** A result that does not say what it is is complete (SEP-2322). The SDK refuses it. */
function assumeComplete(transport: Transport): void {
  const { onmessage } = transport
  transport.onmessage = (message, extra) => {
    const result = 'result' in message ? message.result : undefined
    if (isObject(result) && !Object.hasOwn(result, 'resultType')) result['resultType'] = 'complete'
    onmessage?.call(transport, message, extra)
  }
}

function priorOf(known: Discovered): PriorDiscovery {
  if (known.era === 'legacy' || !known.discover) return { kind: 'legacy' }
  return { kind: 'modern', discover: known.discover as unknown as DiscoverResult }
}

function whatWasFound(client: Client, sse: boolean, now: number): Discovered {
  const discover = client.getDiscoverResult()
  const name = client.getServerVersion()?.name
  const instructions = client.getInstructions()
  return {
    transport: sse ? 'sse' : 'http',
    era: client.getProtocolEra() === 'modern' ? 'modern' : 'legacy',
    capabilities: (client.getServerCapabilities() ?? {}) as JsonObject,
    ...(discover && { discover: discover as unknown as JsonObject }),
    ...(name !== undefined && { serverName: name }),
    ...(instructions !== undefined && { instructions }),
    at: now,
  }
}

const statusOf = (refusal: Refusal): number => Number(refusal.evidence?.['status'] ?? 0)

/** The server is there and answered, only not in this way. */
const speaksOtherwise = (refusal: Refusal): boolean => refusal.code === 'upstream/failed' && statusOf(refusal) >= 400
