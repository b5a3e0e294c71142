import type { EgressRequest, EgressResponse } from '../../egress/egress.ts'
import { retryAfterMs } from '../../egress/egress.ts'
import { plainText } from '../neutralise.ts'
import type { Delivery, SinkTools } from './sink.ts'

export type Post = { url: string; headers: Record<string, string>; body: string | Uint8Array; gzip?: boolean }

/** An answer, or why there is none. */
export type Answer =
  | { ok: true; status: number; text: string; bytes: Uint8Array; headers: Headers }
  | { ok: false; delivery: Delivery }

const timeoutMs = 30_000
const maxAnswerBytes = 1024 * 1024

/** One request to a receiver. What cannot be reached is tried again later: a receiver that is down loses nothing. */
export async function post(request: Post, { egress, now }: SinkTools): Promise<Answer> {
  const body = request.gzip === true ? await gzip(request.body) : request.body
  const headers = { ...request.headers, ...(request.gzip === true ? { 'content-encoding': 'gzip' } : {}) }
  const outgoing: EgressRequest = {
    url: request.url,
    method: 'POST',
    headers,
    body,
    timeoutMs,
    maxBytes: maxAnswerBytes,
  }
  const response = await egress.fetch(outgoing)
  if (!response.ok) return { ok: false, delivery: { kind: 'later', reason: response.error.code } }
  const bytes = await response.value.bytes()
  if (!bytes.ok) return { ok: false, delivery: { kind: 'later', reason: bytes.error.code } }
  return answerOf(response.value, bytes.value, now())
}

function answerOf({ status, headers }: EgressResponse, bytes: Uint8Array, now: number): Answer {
  const text = new TextDecoder().decode(bytes)
  const answer = { status, text: plainText(text.slice(0, 2_000)) }
  if (status >= 200 && status < 300) return { ok: true, status, text, bytes, headers }
  const reason = `${status}`
  if (isAboutTheData(status)) return { ok: false, delivery: { kind: 'refused', reason, answer } }
  const after = retryAfterMs(headers, now)
  return { ok: false, delivery: { kind: 'later', reason, answer, ...(after === null ? {} : { afterMs: after }) } }
}

/**
 * 400, 413, 415 and 422 are about what was sent. Everything else (a wrong key, a wrong path, a receiver in trouble) is
 * about the receiver or our settings: the data waits until somebody has mended that.
 */
const isAboutTheData = (status: number): boolean => [400, 413, 415, 422].includes(status)

export async function gzip(body: string | Uint8Array): Promise<Uint8Array> {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream('gzip'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

/** Null when the text is not a JSON object. */
export function jsonObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}

/** For a value of unknown shape: its text when it is one. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
