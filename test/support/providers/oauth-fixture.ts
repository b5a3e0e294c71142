/**
 * A strict OAuth 2 provider in memory: it refuses what a real one would, rotates refresh tokens and punishes the reuse of one
 * by ending everything that came from the same consent. Quirks are options. Requests come in by `handle`; the person's
 * browser is played by `consent`.
 */
export type FixtureOptions = {
  origin: string
  clientId: string
  clientSecret: string
  redirectUris: readonly string[]
  /** How the client has to show who it is. Any other way, or two ways, is refused. */
  auth: 'body' | 'basic'
  format: 'form' | 'json'
  /** Below `origin`, or absolute where a provider spreads over several hosts. */
  paths: { authorize: string; token: string; revoke: string; account: string }
  rotation: 'none' | 'rotates' | 'single_use'
  /** A used refresh token is taken again for this long. */
  leewayMs: number
  /** Null: access tokens do not expire and there are no refresh tokens. */
  lifetimeS: number | null
  pkce: boolean
  issuer: string | null
  scopeParameter: string
  scopeSeparator: string
  now: () => number
  /** What this provider refuses beyond the standard: headers, parameters. */
  strict: (request: SeenRequest) => Response | null
  /** Further endpoints, by absolute URL. `account`: whose bearer token it is, if anybody's. */
  further: Record<string, (request: SeenRequest, account: FixtureAccount | null) => Response>
  /** What the authorize endpoint insists on; with the standard's own parameters it is all that it takes. */
  authorizeParams: Record<string, string>
  /** What the token endpoint takes beyond the standard's own. */
  tokenParams: readonly string[]
  /** Without it a consent gives no refresh token. */
  offlineScope: string | null
  /** Without it a token may not ask whose it is. */
  accountScope: string | null
  /** Some revoke by the token in the header. */
  revokeBy: 'token' | 'bearer'
  /** Last word on what the token endpoint says. */
  tokenBody: (tokens: IssuedTokens) => Response
  accountBody: (account: FixtureAccount) => unknown
}

export type FixtureAccount = { id: string; login: string; email: string }
export type IssuedTokens = {
  accessToken: string
  refreshToken: string | null
  lifetimeS: number | null
  scopes: readonly string[]
  account: FixtureAccount
}

type Grant = { account: FixtureAccount; scopes: readonly string[]; isDead: boolean }
type Refresh = { grant: Grant; usedAt: number | null; replacedBy: IssuedTokens | null }

const defaults: FixtureOptions = {
  origin: 'https://provider.test',
  clientId: 'client-1',
  clientSecret: 'CANARY-client-secret',
  redirectUris: [],
  auth: 'body',
  format: 'form',
  paths: { authorize: '/authorize', token: '/token', revoke: '/revoke', account: '/me' },
  rotation: 'single_use',
  leewayMs: 0,
  lifetimeS: 3600,
  pkce: true,
  issuer: null,
  scopeParameter: 'scope',
  scopeSeparator: ' ',
  now: () => Date.now(),
  strict: () => null,
  further: {},
  authorizeParams: {},
  tokenParams: [],
  offlineScope: null,
  accountScope: null,
  revokeBy: 'token',
  tokenBody: ({ accessToken, refreshToken, lifetimeS, scopes }) =>
    Response.json({
      access_token: accessToken,
      token_type: 'bearer',
      scope: scopes.join(' '),
      ...(refreshToken === null ? {} : { refresh_token: refreshToken }),
      ...(lifetimeS === null ? {} : { expires_in: lifetimeS }),
    }),
  accountBody: ({ id, login, email }) => ({ id, login, email }),
}

export type SeenRequest = { method: string; url: string; path: string; params: URLSearchParams; headers: Headers }

export class OAuthFixture {
  readonly options: FixtureOptions
  readonly seen: SeenRequest[] = []
  /** Answers instead of the provider when it gives something: failures, delays, crashes. */
  intercept: ((request: SeenRequest) => Promise<Response | null> | Response | null) | null = null
  /** Runs after the provider has acted and before its answer leaves. */
  beforeAnswer: ((request: SeenRequest) => Promise<Response | null> | Response | null) | null = null
  readonly #codes = new Map<string, { grant: Grant; redirectUri: string; challenge: string | null }>()
  readonly #access = new Map<string, { grant: Grant; until: number }>()
  readonly #refresh = new Map<string, Refresh>()
  #count = 0

  constructor(options: Partial<FixtureOptions> = {}) {
    this.options = { ...defaults, ...options }
  }

  /** How often the token endpoint was asked with this grant type. */
  tokenPosts(grantType: string): number {
    return this.seen.filter((one) => one.url === this.#at('token') && one.params.get('grant_type') === grantType).length
  }

  #at(name: keyof FixtureOptions['paths']): string {
    return new URL(this.options.paths[name], this.options.origin).href
  }

  /** Does this provider answer there? */
  has(url: string): boolean {
    const { origin, pathname } = new URL(url)
    const places = [this.#at('token'), this.#at('revoke'), this.#at('account'), ...Object.keys(this.options.further)]
    return origin === this.options.origin || places.includes(origin + pathname)
  }

  isLive(accessToken: string): boolean {
    const known = this.#access.get(accessToken)
    return known !== undefined && !known.grant.isDead && known.until > this.options.now()
  }

  /** What the person's browser brings back after a consent. Throws on a request that a provider would show an error page for. */
  consent(authorizeUrl: string, account: FixtureAccount, granted?: readonly string[]): URL {
    const url = new URL(authorizeUrl)
    const get = (name: string): string => url.searchParams.get(name) ?? ''
    const { clientId, redirectUris, pkce, issuer, scopeParameter, scopeSeparator, authorizeParams } = this.options
    if (url.origin + url.pathname !== this.#at('authorize')) throw new Error(`not the authorize endpoint: ${url.href}`)
    for (const [name, value] of Object.entries(authorizeParams)) {
      if (get(name) !== value) throw new Error(`${name} is ${get(name)}`)
    }
    const proof = pkce ? ['code_challenge', 'code_challenge_method'] : []
    const known = ['response_type', 'client_id', 'redirect_uri', 'state', scopeParameter, ...proof]
    const unknown = [...url.searchParams.keys()].filter(
      (name) => ![...known, ...Object.keys(authorizeParams)].includes(name),
    )
    if (unknown.length > 0) throw new Error(`nobody asked for ${unknown.join(', ')}`)
    if (get('client_id') !== clientId || get('response_type') !== 'code') throw new Error('bad client or response type')
    if (!redirectUris.includes(get('redirect_uri'))) throw new Error(`redirect URI ${get('redirect_uri')}`)
    if (get('state') === '') throw new Error('no state')
    if (pkce && get('code_challenge_method') !== 'S256') throw new Error('no PKCE')
    const asked = get(scopeParameter).split(scopeSeparator).filter(Boolean)
    if (asked.some((scope) => /[\s,]/.test(scope))) throw new Error(`scopes are not separated: ${asked.join('|')}`)
    const code = this.#next('code')
    const grant = { account, scopes: granted ?? asked, isDead: false }
    this.#codes.set(code, { grant, redirectUri: get('redirect_uri'), challenge: get('code_challenge') || null })
    const back = new URL(get('redirect_uri'))
    back.searchParams.set('code', code)
    back.searchParams.set('state', get('state'))
    if (issuer !== null) back.searchParams.set('iss', issuer)
    return back
  }

  /** Ends what the person granted, at the provider's own settings page. */
  withdraw(account: string): void {
    for (const { grant } of [...this.#access.values(), ...this.#refresh.values()]) {
      if (grant.account.id === account) grant.isDead = true
    }
  }

  async handle(request: Request): Promise<Response> {
    const url = new URL(request.url)
    const text = new TextDecoder().decode(await request.arrayBuffer())
    const isJson = request.headers.get('content-type')?.includes('json') ?? false
    const params =
      isJson && text ? new URLSearchParams(JSON.parse(text) as Record<string, string>) : new URLSearchParams(text)
    for (const [name, value] of url.searchParams) params.append(name, value)
    const { method, headers } = request
    const seen = { method, url: url.origin + url.pathname, path: url.pathname, params, headers }
    this.seen.push(seen)
    const instead = await this.intercept?.(seen)
    if (instead) return instead
    const answer = this.options.strict(seen) ?? (await this.#route(seen, isJson))
    return (await this.beforeAnswer?.(seen)) ?? answer
  }

  async #route(request: SeenRequest, isJson: boolean): Promise<Response> {
    const { format, further } = this.options
    if (request.url === this.#at('token')) {
      if (request.method !== 'POST' || isJson !== (format === 'json')) return oauthError('invalid_request')
      if (!this.#isClient(request)) return oauthError('invalid_client', 401)
      return this.#token(request.params)
    }
    if (request.url === this.#at('revoke')) return this.#revoke(request)
    if (request.url === this.#at('account')) return this.#me(request)
    const other = further[request.url]
    if (other) return other(request, this.#bearer(request)?.grant.account ?? null)
    return new Response('not found', { status: 404 })
  }

  #isClient({ params, headers }: SeenRequest): boolean {
    const { auth, clientId, clientSecret } = this.options
    const basic = headers.get('authorization')
    const inBody = params.get('client_secret')
    if (auth === 'basic') return inBody === null && basic === `Basic ${btoa(`${clientId}:${clientSecret}`)}`
    return basic === null && params.get('client_id') === clientId && inBody === clientSecret
  }

  async #token(params: URLSearchParams): Promise<Response> {
    const type = params.get('grant_type')
    if ([...params.keys()].some((name) => !this.#takes(type, name))) return oauthError('invalid_request')
    if (type === 'authorization_code') return this.#redeem(params)
    if (type === 'refresh_token') return this.#renew(params.get('refresh_token') ?? '')
    return oauthError('unsupported_grant_type')
  }

  #takes(type: string | null, name: string): boolean {
    const { auth, pkce, tokenParams } = this.options
    const ofGrant =
      type === 'refresh_token' ? ['refresh_token'] : ['code', 'redirect_uri', ...(pkce ? ['code_verifier'] : [])]
    const ofClient = auth === 'body' ? ['client_id', 'client_secret'] : []
    return ['grant_type', ...ofGrant, ...ofClient, ...tokenParams].includes(name)
  }

  async #redeem(params: URLSearchParams): Promise<Response> {
    const code = params.get('code') ?? ''
    const known = this.#codes.get(code)
    this.#codes.delete(code)
    if (!known || known.redirectUri !== params.get('redirect_uri')) return oauthError('invalid_grant')
    if (known.challenge !== null && known.challenge !== (await s256(params.get('code_verifier') ?? ''))) {
      return oauthError('invalid_grant')
    }
    return this.options.tokenBody(this.#issue(known.grant, null))
  }

  #renew(token: string): Response {
    const known = this.#refresh.get(token)
    if (!known || known.grant.isDead) return oauthError('invalid_grant')
    const { rotation, leewayMs, now } = this.options
    if (rotation === 'none') return this.options.tokenBody({ ...this.#issue(known.grant, token), refreshToken: null })
    if (known.usedAt !== null) {
      if (known.replacedBy && known.usedAt + leewayMs > now()) return this.options.tokenBody(known.replacedBy)
      known.grant.isDead = true
      return oauthError('invalid_grant')
    }
    if (rotation === 'single_use') {
      for (const access of this.#access.values()) if (access.grant === known.grant) access.until = 0
    }
    known.usedAt = now()
    known.replacedBy = this.#issue(known.grant, null)
    return this.options.tokenBody(known.replacedBy)
  }

  #issue(grant: Grant, keepRefresh: string | null): IssuedTokens {
    const { lifetimeS, now, offlineScope } = this.options
    const isOffline = lifetimeS !== null && (offlineScope === null || grant.scopes.includes(offlineScope))
    const accessToken = this.#next('access')
    const until = lifetimeS === null ? Number.POSITIVE_INFINITY : now() + lifetimeS * 1000
    this.#access.set(accessToken, { grant, until })
    const refreshToken = !isOffline ? null : (keepRefresh ?? this.#next('refresh'))
    if (refreshToken && !keepRefresh) this.#refresh.set(refreshToken, { grant, usedAt: null, replacedBy: null })
    return { accessToken, refreshToken, lifetimeS, scopes: grant.scopes, account: grant.account }
  }

  #revoke(request: SeenRequest): Response {
    const token = request.params.get('token') ?? request.params.get('access_token') ?? ''
    const byToken = this.#access.get(token) ?? this.#refresh.get(token)
    const known = this.options.revokeBy === 'bearer' ? this.#bearer(request) : byToken
    if (!known) return new Response(null, { status: 400 })
    known.grant.isDead = true
    return new Response(null, { status: 200 })
  }

  #me(request: SeenRequest): Response {
    const known = this.#bearer(request)
    if (!known) return Response.json({ message: 'Bad credentials' }, { status: 401 })
    const { accountScope } = this.options
    if (accountScope !== null && !known.grant.scopes.includes(accountScope))
      return oauthError('insufficient_scope', 403)
    return Response.json(this.options.accountBody(known.grant.account))
  }

  #bearer({ headers }: SeenRequest): { grant: Grant } | null {
    const token = /^Bearer (.+)$/.exec(headers.get('authorization') ?? '')?.[1] ?? ''
    return this.isLive(token) ? (this.#access.get(token) ?? null) : null
  }

  /** Every secret the fixture makes has the word in it that the canary tests look for. */
  #next(kind: string): string {
    return `CANARY-${kind}-${++this.#count}-${crypto.randomUUID()}`
  }
}

export function oauthError(error: string, status = 400): Response {
  return Response.json({ error, error_description: 'prose that nobody should see' }, { status })
}

async function s256(verifier: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier)))
  return btoa(String.fromCharCode(...digest))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')
}
