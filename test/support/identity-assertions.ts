import { randomUUID } from 'node:crypto'
import type { JWTPayload } from 'jose'
import { createRemoteJWKSet, jwtVerify, SignJWT } from 'jose'
import type Provider from 'oidc-provider'
import type { Served } from './serve-fetch.ts'
import { serveFetch } from './serve-fetch.ts'

const type = (name: string): string => `urn:ietf:params:oauth:token-type:${name}`
const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
const bearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

export type Asked = Readonly<Record<string, string | undefined>>
/** `madeBy`: an identity provider further on, which makes the assertion of what was asked here. */
export type Trusted = { audience: string; clientId: string; madeBy?: (asked: Asked) => Promise<string> }

/** What an identity provider does for identity assertions, and what it was shown. */
export type Assertions = {
  /** The authorization servers it makes assertions for, and who its client is there. */
  trusted: Trusted[]
  /** Every ID token that was shown, good or not. */
  idTokens: string[]
  /** Every assertion it made. */
  made: string[]
  /** What its assertions say, changed. */
  bend: (claims: JWTPayload) => JWTPayload
}

type Key = Parameters<SignJWT['sign']>[0]

/**
 * Adds identity assertions to an OpenID provider: draft-ietf-oauth-identity-assertion-authz-grant §4. The subject has to be an
 * ID token of its own, made for the client that asks; the assertion is for one authorization server that it trusts.
 */
export function makesAssertions(provider: Provider, issuer: string, keys: { sign: Key; verify: Key }): Assertions {
  const assertions: Assertions = { trusted: [], idTokens: [], made: [], bend: (claims) => claims }
  const params = ['audience', 'resource', 'scope', 'subject_token', 'subject_token_type', 'requested_token_type']
  const signed = async (trusted: Trusted, sub: string, scope: string): Promise<string> => {
    const now = Math.floor(Date.now() / 1_000)
    const claims = assertions.bend({
      iss: issuer,
      sub,
      aud: trusted.audience,
      client_id: trusted.clientId,
      jti: randomUUID(),
      iat: now,
      exp: now + 300,
      scope,
    })
    const header = { alg: 'RS256', typ: 'oauth-id-jag+jwt', kid: 'company' }
    const assertion = await new SignJWT(claims).setProtectedHeader(header).sign(keys.sign)
    assertions.made.push(assertion)
    return assertion
  }
  provider.registerGrantType(
    exchange,
    async (ctx) => {
      const asked = ctx.oidc.params
      const clientId = ctx.oidc.client?.clientId ?? ''
      const refused = (error: string): void => void Object.assign(ctx, { status: 400, body: { error } })
      if (asked['requested_token_type'] !== type('id-jag')) return refused('invalid_request')
      if (asked['subject_token_type'] !== type('id_token')) return refused('invalid_request')
      const trusted = assertions.trusted.find(({ audience }) => audience === asked['audience'])
      if (!trusted) return refused('invalid_target')
      assertions.idTokens.push(asked['subject_token'] ?? '')
      const subject = await jwtVerify(asked['subject_token'] ?? '', keys.verify, {
        issuer,
        audience: clientId,
        algorithms: ['RS256'],
      }).catch(() => null)
      if (!subject) return refused('invalid_request')
      const assertion = trusted.madeBy
        ? await trusted.madeBy(Object.fromEntries(params.map((name) => [name, asked[name]])))
        : await signed(trusted, subject.payload.sub ?? '', asked['scope'] ?? '')
      const body = { issued_token_type: type('id-jag'), access_token: assertion, token_type: 'N_A', expires_in: 300 }
      Object.assign(ctx, { body })
    },
    params,
    ['audience', 'resource'],
  )
  return assertions
}

export type AssertionTaker = Served & {
  clientId: string
  secret: string
  /** Every assertion that was shown. */
  shown: string[]
  whose(token: string): string | null
  /** No token of before is good any more. */
  forget(): void
}

/** The authorization server of a resource, which takes identity assertions of one issuer (RFC 7523, ID-JAG §5), each once. */
export async function startAssertionTaker(issuer: string): Promise<AssertionTaker> {
  const [clientId, secret] = ['behalf-at-the-shop', `shop-secret-${randomUUID()}`]
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`))
  const live = new Map<string, string>()
  const used = new Set<string>()
  const shown: string[] = []
  const served = await serveFetch(async (request) => {
    if (request.method !== 'POST' || new URL(request.url).pathname !== '/token')
      return new Response(null, { status: 404 })
    const form = new URLSearchParams(await request.text())
    const refused = (error: string, status = 400): Response => Response.json({ error }, { status })
    if (request.headers.get('authorization') !== `Basic ${btoa(`${clientId}:${secret}`)}`) {
      return refused('invalid_client', 401)
    }
    if (form.get('grant_type') !== bearer) return refused('unsupported_grant_type')
    const assertion = form.get('assertion') ?? ''
    shown.push(assertion)
    const checks = { issuer, audience: served.url, typ: 'oauth-id-jag+jwt', algorithms: ['RS256'] }
    const read = await jwtVerify(assertion, keys, checks).catch(() => null)
    const { sub, jti, client_id: madeFor } = read?.payload ?? {}
    if (!sub || !jti || madeFor !== clientId || used.has(jti)) return refused('invalid_grant')
    used.add(jti)
    const token = `shop-token-${randomUUID()}`
    live.set(token, sub)
    return Response.json({ access_token: token, token_type: 'Bearer', expires_in: 3600 })
  })
  return {
    ...served,
    clientId,
    secret,
    shown,
    whose: (token) => live.get(token) ?? null,
    forget: () => live.clear(),
  }
}
