import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { base64url, sha256 } from '../../../src/core/bytes.ts'
import type { Result } from '../../../src/core/result.ts'
import { ok, refuse } from '../../../src/core/result.ts'
import type { Egress, EgressRequest, EgressResponse } from '../../../src/egress/egress.ts'

export type Claims = Record<string, unknown>

let pair: ReturnType<typeof generateKeyPair> | null = null
/** One for all providers of a test file: making an RSA key takes as long as a whole test. */
const keyPair = (): ReturnType<typeof generateKeyPair> => (pair ??= generateKeyPair('RS256', { extractable: true }))

/**
 * A company's OpenID provider behind our way out: discovery, keys, token endpoint with PKCE, UserInfo. `claims` is who signs in
 * next; `bend` changes an ID token before or after it is signed.
 */
export async function companyProvider(issuer = 'https://login.acme.test') {
  const { publicKey, privateKey } = await keyPair()
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }
  const codes = new Map<string, { nonce: string; challenge: string; claims: Claims }>()
  const requests: EgressRequest[] = []
  const provider = {
    issuer,
    clientId: 'behalf',
    clientSecret: 'company-secret',
    publicJwk: jwk,
    privateKey,
    requests,
    claims: { sub: 'alice', name: 'Alice', email: 'alice@acme.test', groups: ['engineering'] } as Claims,
    metadata: {} as Claims,
    /** Protected header and claims of the next ID token, changed. */
    sign: async (claims: Claims): Promise<string> =>
      new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'k1' }).sign(privateKey),
    userInfo: {} as Claims,

    /** What the person does at the provider: signs in and is sent back. */
    signIn(authorizationUrl: string): URL {
      const asked = new URL(authorizationUrl).searchParams
      const code = crypto.randomUUID()
      const [nonce, challenge] = [asked.get('nonce') ?? '', asked.get('code_challenge') ?? '']
      codes.set(code, { nonce, challenge, claims: provider.claims })
      const back = new URL(asked.get('redirect_uri') ?? '')
      back.search = new URLSearchParams({ code, state: asked.get('state') ?? '', iss: issuer }).toString()
      return back
    },

    egress: { fetch: (request) => answer(request) } as Egress,
  }

  async function answer(request: EgressRequest): Promise<Result<EgressResponse>> {
    requests.push(request)
    const { origin, pathname } = new URL(request.url)
    if (origin !== new URL(issuer).origin) return refuse('egress/unreachable')
    if (pathname.endsWith('/.well-known/openid-configuration')) return json(request, metadata())
    if (pathname.endsWith('/jwks')) return json(request, { keys: [jwk] })
    if (pathname.endsWith('/userinfo')) return json(request, { sub: provider.claims['sub'], ...provider.userInfo })
    if (pathname.endsWith('/token')) return redeem(request)
    return refuse('egress/unreachable')
  }

  const metadata = (): Claims => ({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    authorization_response_iss_parameter_supported: true,
    ...provider.metadata,
  })

  async function redeem(request: EgressRequest): Promise<Result<EgressResponse>> {
    const form = new URLSearchParams(String(request.body as string))
    const code = codes.get(form.get('code') ?? '')
    codes.delete(form.get('code') ?? '')
    const verifier = base64url(await sha256(form.get('code_verifier') ?? ''))
    if (!code || code.challenge !== verifier) return json(request, { error: 'invalid_grant' }, 400)
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: issuer, aud: provider.clientId, iat: now, exp: now + 300, nonce: code.nonce, ...code.claims }
    return json(request, { access_token: 'at', token_type: 'Bearer', id_token: await provider.sign(claims) })
  }

  return provider
}

export type CompanyProvider = Awaited<ReturnType<typeof companyProvider>>

function json(request: EgressRequest, body: unknown, status = 200): Result<EgressResponse> {
  const bytes = new TextEncoder().encode(JSON.stringify(body))
  return ok({
    status,
    headers: new Headers({ 'content-type': 'application/json' }),
    url: request.url,
    body: new Blob([bytes]).stream(),
    bytes: async () => ok(bytes),
    text: async () => ok(JSON.stringify(body)),
    attempts: 1,
  })
}
