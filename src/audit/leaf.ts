import type { Bytes } from '../core/bytes.ts'
import { base64url, concat, fromUtf8, lengthPrefixed, randomBytes, sha256, utf8 } from '../core/bytes.ts'
import type { JsonObject } from '../core/json.ts'
import { canonicalJson } from '../core/json.ts'
import type { AuditEvent } from './event.ts'

/** What the tree holds of one event, as canonical JSON (RFC 8785). Its hash is the leaf of RFC 6962 §2.1. */
export type Leaf = {
  event: Omit<AuditEvent, 'payload'>
  /** Commitment to the payload: SHA-256(nonce ‖ canonical JSON), base64url. Tells nothing once the nonce is gone. */
  payload?: string
  /** When the Ledger stored it, epoch ms; never goes back. `event.at` is the clock of the object where it happened. */
  recordedAt: number
  v: 1
}

/** `head` is canonical JSON already, and the names here stand in their order: the whole is canonical too. */
export function leafText(head: string, recordedAt: number, commitment: string | null): string {
  const payload = commitment === null ? '' : `"payload":"${commitment}",`
  return `{"event":${head},${payload}"recordedAt":${recordedAt},"v":1}`
}

/** The leaf's hash, by the platform: faster than our own for texts of this length. */
export async function leafHashOf(text: string): Promise<Bytes> {
  return sha256(utf8(`\0${text}`))
}

const nonceSize = 32

/** nonce ‖ canonical JSON: sealed together, forgotten together. Its SHA-256 is the commitment in the leaf. */
export function noncedPayload(payload: string): Bytes {
  return concat(randomBytes(nonceSize), utf8(payload))
}

export async function commitmentOf(nonced: Bytes): Promise<string> {
  return base64url(await sha256(nonced))
}

/** A payload as it is exported, with what is needed to check it against its leaf. */
export type OpenPayload = { nonce: string; value: JsonObject }

export function openPayload(nonced: Bytes): OpenPayload {
  const text = fromUtf8(nonced.subarray(nonceSize))
  return { nonce: base64url(nonced.subarray(0, nonceSize)), value: JSON.parse(text) as JsonObject }
}

export async function opensCommitment(commitment: string, nonce: Bytes, payload: JsonObject): Promise<boolean> {
  return (await commitmentOf(concat(nonce, utf8(canonicalJson(payload))))) === commitment
}

/** What a sealed payload is bound to: moved to another event or another person, it does not open. */
export const payloadContext = (project: string, user: string, event: string): Bytes =>
  lengthPrefixed('behalf audit payload 1', project, user, event)
