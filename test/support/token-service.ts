import type { Served } from './serve-fetch.ts'
import { serveFetch } from './serve-fetch.ts'

export type TokenService = Served & {
  secret: string
  /** Grant types of every answered request. */
  grants: string[]
  /** Whose live token it is: a person, or `service`. */
  whose(token: string): string | null
  /** No token of before is good any more. */
  forget(): void
  refuse: boolean
}

const accessToken = 'urn:ietf:params:oauth:token-type:access_token'

/**
 * An authorization server for services: client credentials (RFC 6749 §4.4) and token exchange (RFC 8693). It signs no
 * person in.
 */
export async function startTokenService(subjectOf: (token: string) => Promise<string | null>): Promise<TokenService> {
  const secret = `token-service-${crypto.randomUUID()}`
  const live = new Map<string, string>()
  const grants: string[] = []
  let made = 0
  const issue = (whom: string, more: object): Response => {
    const token = `made-${++made}-${crypto.randomUUID()}`
    live.set(token, whom)
    return Response.json({ access_token: token, token_type: 'Bearer', expires_in: 3600, ...more })
  }
  const served = await serveFetch(async (request) => {
    const { origin, pathname } = new URL(request.url)
    if (pathname === '/.well-known/oauth-authorization-server') {
      return Response.json({
        issuer: origin,
        token_endpoint: `${origin}/token`,
        grant_types_supported: ['client_credentials'],
        token_endpoint_auth_methods_supported: ['client_secret_basic'],
      })
    }
    if (request.method !== 'POST') return new Response(null, { status: 404 })
    const form = new URLSearchParams(await request.text())
    const refused = (error: string): Response => Response.json({ error }, { status: 400 })
    if (service.refuse || request.headers.get('authorization') !== `Basic ${btoa(`us:${secret}`)}`) {
      return Response.json({ error: 'invalid_client' }, { status: 401 })
    }
    const grant = form.get('grant_type') ?? ''
    const value = (name: string): string => form.get(name) ?? ''
    if (pathname === '/token' && grant === 'client_credentials') {
      grants.push(grant)
      return issue('service', { scope: value('scope') })
    }
    if (pathname === '/token' && grant === 'urn:ietf:params:oauth:grant-type:token-exchange') {
      const person = value('subject_token_type') === accessToken ? await subjectOf(value('subject_token')) : null
      if (person === null || value('scope') !== 'shop' || value('resource') === '') return refused('invalid_grant')
      grants.push(grant)
      return issue(person, { issued_token_type: accessToken })
    }
    return refused('unsupported_grant_type')
  })
  const service: TokenService = {
    ...served,
    secret,
    grants,
    whose: (token) => live.get(token) ?? null,
    forget: () => live.clear(),
    refuse: false,
  }
  return service
}
