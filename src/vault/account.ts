import { isObject } from '../core/json.ts'
import type { Egress } from '../egress/egress.ts'
import type { Provider } from './provider.ts'
import { readBody, sendTo } from './provider-request.ts'
import { fill, fillAll, readText } from './template.ts'

export type Account = { id: string; label: string; email: string | null; details: Record<string, string> }

export type Probe =
  | { kind: 'account'; account: Account }
  /** The provider refused the token itself. */
  | { kind: 'refused' }
  | { kind: 'unknown'; reason: string }

type Known = { accessToken: string; raw: Record<string, unknown>; details?: Readonly<Record<string, string>> }

/** Whose token is this? Asked of the provider, or read from the token's own answer where that says it. */
export async function probeAccount(provider: Provider, egress: Egress, known: Known): Promise<Probe> {
  const values = { ...provider.values, token: known.raw, details: known.details ?? {}, access_token: known.accessToken }
  const { request } = provider.spec.account
  if (!request) return read(provider, values)
  const response = await sendTo(provider, egress, request, values)
  if (!response.ok) return { kind: 'unknown', reason: response.error.code }
  const { status } = response.value
  const body = await readBody(response.value)
  if (status === 401) return { kind: 'refused' }
  if (status < 200 || status > 299) return { kind: 'unknown', reason: `status_${status}` }
  if (body === null) return { kind: 'unknown', reason: 'not_json' }
  const error = isObject(body) ? readText(body, provider.spec.answer.error) : null
  if (error !== null && provider.spec.answer.deadErrors.includes(error)) return { kind: 'refused' }
  return read(provider, { ...values, account: body })
}

/** The post-connect step: what later calls will need to know. Empty when the provider does not say. */
export async function furtherDetails(
  provider: Provider,
  egress: Egress,
  known: Known,
): Promise<Record<string, string>> {
  const { more } = provider.spec.account
  if (!more) return {}
  const values = { ...provider.values, token: known.raw, access_token: known.accessToken }
  const response = await sendTo(provider, egress, more.request, values)
  return response.ok ? fillAll(more.details, { ...values, more: await readBody(response.value) }) : {}
}

/** The account id as the token's answer alone tells it; null when it does not. */
export function accountInAnswer(provider: Provider, raw: Record<string, unknown>): string | null {
  return fill(provider.spec.account.id, { ...provider.values, token: raw })
}

function read(provider: Provider, values: Record<string, unknown>): Probe {
  const { id, label, email, details } = provider.spec.account
  const account = fill(id, values)
  if (!account || account.length > 255) return { kind: 'unknown', reason: 'no_account_in_answer' }
  return {
    kind: 'account',
    account: {
      id: account,
      label: tidy(fill(label, values) ?? '') || account,
      email: email === undefined ? null : fill(email, values),
      details: fillAll(details, values),
    },
  }
}

/** A label comes from the provider and is shown to people and models: one short line without control characters. */
const tidy = (text: string): string =>
  text
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, 100)
