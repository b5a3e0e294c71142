import type { Served } from './serve-fetch.ts'
import { serveFetch } from './serve-fetch.ts'

export type Guarded = Served & {
  mcp: string
  /** Whoever came through, request by request. */
  people: string[]
  /** Every bearer token that was shown, good or not. */
  shown: Set<string>
}

/**
 * Puts sign-in before an MCP server that has none: protected-resource metadata (RFC 9728), a challenge that names it, and a
 * token made for exactly this resource on every request. The server behind never sees the token.
 */
export async function startGuarded(
  target: string,
  use: {
    issuer: string
    scopes: string[]
    port?: number
    whose: (token: string, resource: string) => Promise<string | null>
    /** Answers what is not for the MCP server. */
    elsewhere?: (request: Request) => Promise<Response>
  },
): Promise<Guarded> {
  const people: string[] = []
  const shown = new Set<string>()
  const metadata = '/.well-known/oauth-protected-resource/mcp'
  const served = await serveFetch(async (request) => {
    const { pathname } = new URL(request.url)
    const resource = `${served.url}/mcp`
    if (pathname === metadata) {
      return Response.json({ resource, authorization_servers: [use.issuer], scopes_supported: use.scopes })
    }
    if (pathname !== '/mcp') return use.elsewhere?.(request) ?? new Response('not found', { status: 404 })
    const token = /^Bearer (\S+)$/.exec(request.headers.get('authorization') ?? '')?.[1]
    if (token !== undefined) shown.add(token)
    const person = token === undefined ? null : await use.whose(token, resource)
    if (person === null) {
      const scope = use.scopes.length > 0 ? `scope="${use.scopes.join(' ')}", ` : ''
      const challenge = `Bearer ${scope}resource_metadata="${served.url}${metadata}"`
      return new Response('sign in', { status: 401, headers: { 'www-authenticate': challenge } })
    }
    people.push(person)
    return passOn(request, target)
  }, use.port)
  return { ...served, mcp: `${served.url}/mcp`, people, shown }
}

/** The same request, elsewhere. */
export async function passOn(request: Request, target: string): Promise<Response> {
  const sent = new Headers(request.headers)
  const { pathname } = new URL(request.url)
  if (pathname === '/mcp') sent.delete('authorization')
  for (const name of ['host', 'connection', 'content-length', 'transfer-encoding']) sent.delete(name)
  const hasBody = request.method !== 'GET' && request.method !== 'HEAD'
  const answer = await fetch(target, {
    method: request.method,
    headers: sent,
    redirect: 'manual',
    signal: request.signal,
    ...(hasBody && { body: await request.arrayBuffer() }),
  })
  const received = new Headers(answer.headers)
  for (const name of ['content-encoding', 'content-length', 'transfer-encoding', 'connection']) received.delete(name)
  return new Response(answer.body, { status: answer.status, headers: received })
}
