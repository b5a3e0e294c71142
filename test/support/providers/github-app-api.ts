import type { CryptoKey } from 'jose'
import { decodeProtectedHeader, jwtVerify } from 'jose'

const api = 'https://api.github.com'
const lifetimeMs = 3_600_000

export type GithubAppOptions = {
  clientId: string
  publicKey: CryptoKey
  installation: string
  repositories: readonly string[]
  permissions: Readonly<Record<string, 'read' | 'write' | 'admin'>>
}

type Minted = {
  repositories: readonly string[]
  permissions: Record<string, string>
  until: number
  isRevoked: boolean
}

/**
 * GitHub's API as far as an app needs it to act as its installation, from what GitHub publishes
 * (docs.github.com/en/rest/apps/apps, …/generating-a-json-web-token-jwt-for-a-github-app). It takes nothing that is not
 * written there.
 */
export class GithubAppApi {
  readonly options: GithubAppOptions
  readonly seen: { method: string; path: string; body: string }[] = []
  readonly minted = new Map<string, Minted>()

  constructor(options: GithubAppOptions) {
    this.options = options
  }

  isLive(token: string): boolean {
    const known = this.minted.get(token)
    return known !== undefined && !known.isRevoked && known.until > Date.now()
  }

  async handle(request: Request): Promise<Response> {
    const { origin, pathname } = new URL(request.url)
    if (origin !== api) throw new TypeError(`no route to ${request.url}`)
    const body = await request.text()
    this.seen.push({ method: request.method, path: pathname, body })
    if (request.headers.get('accept') !== 'application/vnd.github+json') return said(415, 'Unsupported media type')
    if (request.headers.get('user-agent') === null) return said(403, 'Request forbidden by administrative rules')
    if (request.method === 'DELETE' && pathname === '/installation/token') return this.#revoke(request, body)
    if (!/^\/app\/installations\/[^/]+\/access_tokens$/.test(pathname)) return said(404, 'Not Found')
    if (request.method !== 'POST') return said(404, 'Not Found')
    const fault = await this.#faultOf(bearer(request))
    if (fault !== null) return said(401, fault)
    const { installation } = this.options
    return pathname.split('/')[3] === installation ? this.#mint(request, body) : said(404, 'Not Found')
  }

  /** The claims are `iss`, `iat` and `exp`, the time between them at most ten minutes, none of them off. */
  async #faultOf(jwt: string): Promise<string | null> {
    const { clientId, publicKey } = this.options
    try {
      if (decodeProtectedHeader(jwt).alg !== 'RS256') return 'A JSON web token could not be decoded'
      const { payload } = await jwtVerify(jwt, publicKey, { currentDate: new Date(), clockTolerance: 0 })
      const { iss, iat = 0, exp = 0, ...more } = payload
      const now = Math.floor(Date.now() / 1000)
      if (iss !== clientId || Object.keys(more).length > 0) return 'Integration not found'
      if (exp > now + 600) return "'Expiration time' claim ('exp') is too far in the future"
      if (iat > now)
        return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
      return null
    } catch {
      return 'A JSON web token could not be decoded'
    }
  }

  #mint(request: Request, text: string): Response {
    if (text !== '' && !request.headers.get('content-type')?.includes('json'))
      return said(415, 'Unsupported media type')
    const body = JSON.parse(text || '{}') as { repositories?: string[]; permissions?: Record<string, string> }
    const { repositories: all, permissions: most } = this.options
    const { repositories = all, permissions = most, ...more } = body
    if (!Array.isArray(repositories) || Object.keys(more).length > 0) return said(422, 'Invalid request')
    if (repositories.some((name) => !all.includes(name)))
      return said(422, 'There is at least one repository that does not exist')
    const beyond = Object.entries(permissions).some(([name, level]) => rank(level) > rank(most[name]))
    if (beyond) return said(422, 'The permissions requested are not granted to this installation.')
    // As GitHub makes them since 2026.
    const token = `ghs_123456_eyJhbGciOi.CANARY-${crypto.randomUUID()}.c2lnbmF0dXJl`
    const until = Date.now() + lifetimeMs
    this.minted.set(token, { repositories, permissions, until, isRevoked: false })
    return Response.json(
      {
        token,
        expires_at: new Date(until).toISOString().replace(/\.\d+Z$/, 'Z'),
        permissions: { ...permissions, metadata: 'read' },
        repository_selection: 'selected',
        repositories: repositories.map((name, id) => ({ id, name })),
      },
      { status: 201 },
    )
  }

  #revoke(request: Request, body: string): Response {
    const known = this.minted.get(bearer(request))
    if (!known || known.isRevoked || body !== '') return said(401, 'Bad credentials')
    known.isRevoked = true
    return new Response(null, { status: 204 })
  }
}

const said = (status: number, message: string): Response =>
  Response.json({ message, documentation_url: 'https://docs.github.com/rest', status: `${status}` }, { status })
const bearer = ({ headers }: Request): string => /^Bearer (.+)$/.exec(headers.get('authorization') ?? '')?.[1] ?? ''
const rank = (level: string | undefined): number => ['read', 'write', 'admin'].indexOf(level ?? '')
