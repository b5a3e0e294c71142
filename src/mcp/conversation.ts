import type { Bytes } from '../core/bytes.ts'
import type { Caller } from '../core/caller.ts'
import type { ClientFeatures } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { base64url, lengthPrefixed } from '../core/bytes.ts'
import { conversationLifeMs, uiExtension, uiPages } from '../core/call.ts'
import { isObject } from '../core/json.ts'
import { ok, refuse } from '../core/result.ts'
import { bytesOrNull, decrypt, encrypt } from '../core/seal.ts'
import { principal } from './principal.ts'
import { Remembered } from '../core/remembered.ts'
import { stateKeyFor } from './state-key.ts'
import type { Turn } from './turn.ts'

/** Legacy versions we speak, best first. 2024-11-05 is the oldest that clients still ask for over this transport. */
export const legacyVersions = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const

/**
 * What a legacy client said in `initialize`. It travels in `Mcp-Session-Id` itself, sealed and bound to its owner, so that
 * any isolate can serve the next request and nobody has to remember it. Only its end is remembered, by the session.
 */
export type Conversation = {
  protocolVersion: string
  /** The first 40 bytes. */
  clientName: string
  capabilities: JsonObject
  createdAt: number
  /** The gateway said that it has a log. */
  logs: boolean
}

const maxNameBytes = 40

/** 51 to 104 visible ASCII characters: a 96-bit random IV, what it says, and a 128-bit tag. */
export async function conversationId(
  { stateKey, caller }: Pick<Turn, 'stateKey' | 'caller'>,
  conversation: Conversation,
): Promise<string> {
  const key = await stateKeyFor(stateKey, 'conversation')
  return base64url(await encrypt(key, owner(caller), pack(conversation)))
}

/**
 * Errors: `mcp/invalid_session` (400) for what cannot be an id of ours; `session/unknown` (404) for one that is too old,
 * another principal's, or invented: from outside these look the same (attack cases 9 and 10).
 */
export async function openConversation(
  { stateKey, caller, now }: Pick<Turn, 'stateKey' | 'caller' | 'now'>,
  id: string,
): Promise<Result<Conversation>> {
  const kept = openedUnder(stateKey).get(id)
  const whose = JSON.stringify(principal(caller))
  if (kept?.whose === whose && kept.conversation.createdAt + conversationLifeMs >= now()) return ok(kept.conversation)
  if (!/^[\w-]{51,128}$/.test(id)) return refuse('mcp/invalid_session')
  const sealed = bytesOrNull(id)
  if (sealed === null || base64url(sealed) !== id) return refuse('mcp/invalid_session')
  const plain = await decrypt(await stateKeyFor(stateKey, 'conversation'), owner(caller), sealed)
  const conversation = plain === null ? null : unpack(plain)
  if (conversation === null || conversation.createdAt + conversationLifeMs < now()) return refuse('session/unknown')
  openedUnder(stateKey).set(id, { whose, conversation })
  return ok(conversation)
}

type Opened = { whose: string; conversation: Conversation }
const opened = new WeakMap<Bytes, Remembered<Opened>>()

/** What was opened in this isolate, and for whom: the owner is compared again each time. */
function openedUnder(stateKey: Bytes): Remembered<Opened> {
  let all = opened.get(stateKey)
  if (!all) opened.set(stateKey, (all = new Remembered(5_000)))
  return all
}

const owner = (caller: Caller) => lengthPrefixed('conversation', ...principal(caller))

/** Capabilities are kept as bits: the ones we or an upstream act on. Unknown and experimental ones are dropped. */
const bits: readonly (readonly string[])[] = [
  ['elicitation'],
  ['elicitation', 'form'],
  ['elicitation', 'url'],
  ['sampling'],
  ['sampling', 'tools'],
  ['sampling', 'context'],
  ['roots'],
  ['roots', 'listChanged'],
  ['extensions', uiExtension],
]

const logsBit = 0x8000

function pack({ protocolVersion, clientName, capabilities, createdAt, logs }: Conversation): Uint8Array<ArrayBuffer> {
  const name = new Uint8Array(maxNameBytes)
  const { written } = new TextEncoder().encodeInto(clientName, name)
  const bytes = new Uint8Array(10 + written)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, 1)
  view.setUint8(1, (legacyVersions as readonly string[]).indexOf(protocolVersion))
  view.setUint16(2, flags(capabilities) | (logs ? logsBit : 0))
  view.setUint16(4, Math.floor(createdAt / 2 ** 32))
  view.setUint32(6, createdAt % 2 ** 32)
  bytes.set(name.subarray(0, written), 10)
  return bytes
}

function unpack(bytes: Uint8Array<ArrayBuffer>): Conversation | null {
  if (bytes.length < 10) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const protocolVersion = legacyVersions[view.getUint8(1)]
  if (view.getUint8(0) !== 1 || protocolVersion === undefined) return null
  return {
    protocolVersion,
    clientName: new TextDecoder().decode(bytes.subarray(10)),
    capabilities: capabilitiesOf(view.getUint16(2)),
    logs: (view.getUint16(2) & logsBit) !== 0,
    createdAt: view.getUint16(4) * 2 ** 32 + view.getUint32(6),
  }
}

function flags(capabilities: JsonObject): number {
  return bits.reduce((all, path, bit) => (declares(capabilities, path) ? all | (1 << bit) : all), 0)
}

function declares(capabilities: JsonObject, path: readonly string[]): boolean {
  let at: unknown = capabilities
  for (const name of path) {
    if (!isObject(at) || !Object.hasOwn(at, name)) return false
    at = at[name]
  }
  return at !== false && at !== null
}

function capabilitiesOf(all: number): JsonObject {
  const capabilities: Record<string, JsonObject> = {}
  for (const [bit, [group, name]] of bits.entries()) {
    if ((all & (1 << bit)) === 0 || group === undefined) continue
    const inner = (capabilities[group] ??= {})
    if (name === 'listChanged') inner[name] = true
    else if (name === uiExtension) inner[name] = { mimeTypes: [uiPages] }
    else if (name !== undefined) inner[name] = {}
  }
  return capabilities
}

/** URL elicitation came with 2025-11-25; a client of an older version that declares it would not understand our answer. */
export function legacyFeatures(id: string | undefined, conversation: Conversation): ClientFeatures {
  const { protocolVersion, clientName, capabilities, logs } = conversation
  return {
    era: 'legacy',
    protocolVersion,
    ...(clientName !== '' && { clientName }),
    elicitationUrl: protocolVersion >= '2025-11-25' && declares(capabilities, ['elicitation', 'url']),
    capabilities,
    ...(id !== undefined && { conversation: id }),
    ...(logs && { logs }),
  }
}

/** A client that never said who it is: an old one without a session id, or a probe. */
export const unknownClient: ClientFeatures = legacyFeatures(undefined, {
  protocolVersion: '2025-03-26',
  clientName: '',
  capabilities: {},
  createdAt: 0,
  logs: false,
})
