import { errors } from '../core/errors.ts'
import type { Code } from '../core/errors.ts'
import { asLibraryResource, authorizationServer, noResource } from './authorization-server.ts'
import type { IdentityDeps } from './deps.ts'
import { emptyStorage } from './empty-storage.ts'
import { identityEvent } from './events.ts'
import type { TokenRequest } from './grant/answers.ts'

import type { Outcome } from './grant/grant.ts'
import { grantObjectName, readGrantName } from './grant/name.ts'
import { readSmallBody } from './read-form.ts'
import { grantEnded } from './revocation.ts'
import { paths } from './names.ts'

/** `POST /oauth/token`: the grant that the code or refresh token names answers, one request after another. */
export async function token(request: Request, deps: IdentityDeps): Promise<Response> {
  const body = await readSmallBody(request)
  return body.ok ? ask(request, body.value, deps) : oauthError(body.error.code)
}

/** `POST /oauth/revoke` (RFC 7009). The library knows a revocation by the missing grant type. */
export async function revoke(request: Request, deps: IdentityDeps): Promise<Response> {
  const body = await readSmallBody(request)
  if (!body.ok) return oauthError(body.error.code)
  const form = new URLSearchParams(body.value)
  form.delete('grant_type')
  return ask(request, form.toString(), deps)
}

const passedOn = ['authorization', 'content-type', 'accept', 'origin']

async function ask(request: Request, body: string, deps: IdentityDeps): Promise<Response> {
  const { config, grants, clients, record } = deps
  const headers = [...request.headers].filter(([name]) => passedOn.includes(name))
  const asked: TokenRequest = { url: `${config.publicUrl}${paths.token}`, headers, body }
  const form = new URLSearchParams(body)
  const resource = form.get('resource')
  if (resource !== null && resource !== asLibraryResource(resource)) {
    form.set('resource', asLibraryResource(resource))
    return ask(request, form.toString(), deps)
  }
  const secret = form.get('code') ?? form.get('refresh_token') ?? form.get('token')
  const name = secret === null ? null : readGrantName(secret)
  if (name === null) {
    const server = authorizationServer(config, noResource(config))
    const sent = new Request(asked.url, { method: request.method, headers, ...(request.method === 'POST' && { body }) })
    return server.fetch(sent, { OAUTH_KV: emptyStorage(clients) }, {} as ExecutionContext)
  }

  const { answer, outcome, facts } = await grants.getByName(grantObjectName(name)).redeem(asked)
  const type = recorded[outcome]
  if (type !== null && facts !== null) {
    await record([identityEvent(type, facts, deps.now(), { grant: facts.grant, clientId: facts.clientId, outcome })])
  }
  if (facts !== null && endReasons[outcome] !== null) await grantEnded(facts, endReasons[outcome], deps)
  return new Response(answer.body, { status: answer.status, headers: answer.headers })
}

const recorded = {
  issued: 'identity.token_issued',
  refreshed: 'identity.token_refreshed',
  replayed: null,
  code_replayed: 'identity.token_reused',
  token_reused: 'identity.token_reused',
  token_revoked: 'identity.grant_revoked',
  ended: 'identity.grant_revoked',
  refused: null,
} as const satisfies Record<Outcome, string | null>

/** The grant is over, so its session is too. */
const endReasons = {
  issued: null,
  refreshed: null,
  replayed: null,
  code_replayed: 'code_replayed',
  token_reused: 'token_reused',
  token_revoked: null,
  ended: 'revoked',
  refused: null,
} as const satisfies Record<Outcome, string | null>

/** RFC 6749 §5.2. */
function oauthError(code: Code): Response {
  const { status, text } = errors[code]
  const body = { error: 'invalid_request', error_description: text }
  return Response.json(body, { status, headers: { 'cache-control': 'no-store' } })
}
