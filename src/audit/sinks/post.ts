import type { EgressRequest, EgressResponse } from '../../egress/egress.ts'
import { retryAfterMs } from '../../egress/egress.ts'
import type { Refusal } from '../../core/result.ts'
import { plainLine, plainText } from '../neutralise.ts'
import type { Delivery, SinkTools } from './sink.ts'

export type Post = {
  url: string
  headers: Record<string, string>
  body: string | Uint8Array
  gzip?: boolean
  /** A receiver of anybody's own making may answer with a page. From any other a page is a sign-in or a proxy in between. */
  takesPages?: true
}

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
  if (!response.ok) return unanswered(response.error)
  const bytes = await response.value.bytes()
  if (!bytes.ok) return unanswered(bytes.error)
  return answerOf(response.value, bytes.value, request.takesPages === true, now())
}

/** With what the platform says of it (a name that is not known, a certificate): administrators see it, agents never. */
function unanswered({ code, evidence }: Refusal): Answer {
  const detail = textOf(evidence?.['reason']) || textOf(evidence?.['fault'])
  return { ok: false, delivery: { kind: 'later', reason: detail === '' ? code : `${code}: ${plainLine(detail)}` } }
}

function answerOf({ status, headers }: EgressResponse, bytes: Uint8Array, takesPages: boolean, now: number): Answer {
  const text = new TextDecoder().decode(bytes)
  const answer = { status, text: plainText(text.slice(0, 2_000)) }
  const isPage = /^\s*<(?:!doctype html|html)/i.test(text)
  if (status >= 200 && status < 300) {
    if (isPage && !takesPages) return { ok: false, delivery: { kind: 'later', reason: 'a web page answered', answer } }
    return { ok: true, status, text, bytes, headers }
  }
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
