import { parseJson } from '../core/json.ts'
import type { Egress } from '../egress/egress.ts'
import type { Provider } from './provider.ts'
import { fill, fillAll } from './template.ts'
import { sendTo } from './token-endpoint.ts'

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
  const text = await response.value.text()
  if (status === 401) return { kind: 'refused' }
  if (status < 200 || status > 299) return { kind: 'unknown', reason: `status_${status}` }
  const body = text.ok ? parseJson(text.value) : text
  return body.ok ? read(provider, { ...values, account: body.value }) : { kind: 'unknown', reason: 'not_json' }
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
