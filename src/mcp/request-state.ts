import type { ResumeState } from '../core/call.ts'
import type { Json } from '../core/json.ts'
import type { Refusal, Result } from '../core/result.ts'
import { z } from 'zod'
import { base64url, fromUtf8, lengthPrefixed, sha256, utf8 } from '../core/bytes.ts'
import { canonicalJson } from '../core/json.ts'
import { ok, refuse } from '../core/result.ts'
import { bytesOrNull, decrypt, encrypt } from '../core/seal.ts'
import { principal } from './principal.ts'
import { stateKeyFor } from './state-key.ts'
import type { Turn } from './turn.ts'

/** What we need to know when the client calls again after `input_required`. */
export type Wait = {
  resume: ResumeState
  /** Where the person was sent, to say it again when they decline. */
  help: Refusal['help']
  code: Refusal['code']
  /** How often this call has asked already. */
  round: number
  expiresAt: number
}

/** The request a state belongs to. It opens for no other (MCP 2026-07-28 basic/patterns/mrtr, attack case 11). */
export type Asked = { method: string; name: string; arguments: Json }

export const stateLifeMs = 15 * 60_000
/** A quarter of the largest body: the arguments and the answers come back beside it. */
const maxLength = 256 * 1024

const shape = z.object({
  resume: z.object({
    callId: z.string(),
    wait: z.enum(['authorization', 'account', 'approval', 'upstream']),
    account: z.string().exactOptional(),
    approval: z.string().exactOptional(),
    upstream: z.string().exactOptional(),
    held: z.enum(['memory', 'server']).exactOptional(),
  }),
  help: z.object({ url: z.string().exactOptional(), text: z.string().exactOptional() }).exactOptional(),
  code: z.string(),
  round: z.number(),
  expiresAt: z.number(),
})

/** Errors: `egress/too_large` for a server's own state that could not be handed in again. */
export async function sealWait(
  turn: Pick<Turn, 'stateKey' | 'caller'>,
  asked: Asked,
  wait: Wait,
): Promise<Result<string>> {
  const key = await stateKeyFor(turn.stateKey, 'request-state')
  const state = base64url(await encrypt(key, await bound(turn, asked), utf8(JSON.stringify(wait))))
  return state.length > maxLength ? refuse('egress/too_large', { evidence: { fault: 'request_state' } }) : ok(state)
}

/** Errors: `mcp/invalid_state`, the same for every reason. */
export async function openWait(
  turn: Pick<Turn, 'stateKey' | 'caller' | 'now'>,
  asked: Asked,
  state: string,
): Promise<Result<Wait>> {
  const sealed = state.length > maxLength || !/^[\w-]+$/.test(state) ? null : bytesOrNull(state)
  if (sealed === null) return refuse('mcp/invalid_state')
  const key = await stateKeyFor(turn.stateKey, 'request-state')
  const plain = await decrypt(key, await bound(turn, asked), sealed)
  if (plain === null) return refuse('mcp/invalid_state')
  const wait = shape.parse(JSON.parse(fromUtf8(plain))) as Wait
  return wait.expiresAt < turn.now() ? refuse('mcp/invalid_state') : ok(wait)
}

async function bound({ caller }: Pick<Turn, 'caller'>, asked: Asked): Promise<Uint8Array<ArrayBuffer>> {
  const digest = await sha256(canonicalJson(asked.arguments))
  return lengthPrefixed('request-state', ...principal(caller), asked.method, asked.name, digest)
}
