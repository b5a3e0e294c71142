import { decodeJwt } from 'jose'
import type { TokenRequest } from './answers.ts'

/** Who the library authenticated. It has refused before this if credentials were wrong or given twice. */
export function clientOf({ headers }: TokenRequest, form: URLSearchParams): string | null {
  const basic = /^Basic (.+)$/i.exec(headers.find(([name]) => name === 'authorization')?.[1] ?? '')?.[1]
  const assertion = form.get('client_assertion')
  if (assertion !== null) return decodeJwt(assertion).iss ?? null
  if (basic === undefined) return form.get('client_id')
  return decodeURIComponent(atob(basic).split(':')[0]?.replaceAll('+', ' ') ?? '')
}
