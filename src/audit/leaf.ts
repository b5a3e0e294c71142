import { base64url, fromBase64, lengthPrefixed, randomBytes, sha256, utf8 } from '../core/bytes.ts'
import type { Bytes } from '../core/bytes.ts'
import type { JsonObject } from '../core/json.ts'
import { canonicalJson } from '../core/json.ts'
import type { AuditEvent } from './event.ts'

/** What the tree holds of one event. The text is canonical JSON (RFC 8785); its hash is the leaf of RFC 6962 §2.1. */
export type Leaf = Omit<AuditEvent, 'payload'> & {
  v: 1
  /** When the Ledger stored it, epoch ms; never goes back. `at` is the clock of the object where it happened. */
  recordedAt: number
  /** Commitment to the payload: SHA-256(nonce ‖ canonical JSON), base64url. Tells nothing once the nonce is gone. */
  payload?: string
}

/** A payload with the nonce of its commitment. Both are sealed together and forgotten together. */
export type CommittedPayload = { nonce: string; payload: JsonObject }

export function leafText(event: AuditEvent, recordedAt: number, commitment: string | null): string {
  const { payload: _, ...rest } = event
  const leaf = { ...rest, v: 1, recordedAt, ...(commitment === null ? {} : { payload: commitment }) }
  return canonicalJson(leaf as unknown as JsonObject)
}

/** Hash of a leaf's text, by the platform: faster than our own for texts of this length. */
export async function leafHashOf(text: string): Promise<Bytes> {
  const data = utf8(text)
  const prefixed = new Uint8Array(data.length + 1)
  prefixed.set(data, 1)
  return sha256(prefixed)
}

export async function commit(payload: JsonObject): Promise<{ commitment: string; committed: CommittedPayload }> {
  const nonce = randomBytes(32)
  return { commitment: await commitmentOf(nonce, payload), committed: { nonce: base64url(nonce), payload } }
}

export async function opensCommitment(commitment: string, { nonce, payload }: CommittedPayload): Promise<boolean> {
  return (await commitmentOf(fromBase64(nonce), payload)) === commitment
}

async function commitmentOf(nonce: Bytes, payload: JsonObject): Promise<string> {
  const text = utf8(canonicalJson(payload))
  const all = new Uint8Array(nonce.length + text.length)
  all.set(nonce)
  all.set(text, nonce.length)
  return base64url(await sha256(all))
}

/** What a sealed payload is bound to: moved to another event or another person, it does not open. */
export const payloadContext = (project: string, user: string, event: string): Bytes =>
  lengthPrefixed('behalf audit payload 1', project, user, event)
