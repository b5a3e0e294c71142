import { z } from 'zod'
import type { Config } from '../config/config.ts'
import type { ProjectId } from '../core/ids.ts'
import { userId } from '../core/ids.ts'
import type { JsonObject } from '../core/json.ts'
import { canonicalJson } from '../core/json.ts'
import { logFault } from '../core/log.ts'
import type { SignInCredential } from '../core/sign-in-provider.ts'
import { errorPage } from '../core/page.ts'
import type { Refusal, Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { openState, sealState } from '../core/state.ts'
import type { DirectoryUser } from '../db/principals.ts'
import { sessionCookie } from './browser-session.ts'
import { readPerson } from './claims.ts'
import { clientAddress } from './client-address.ts'
import { clearCookie, readCookie, setCookie } from './cookies.ts'
import type { IdentityDeps } from './deps.ts'
import { identityEvent, personPayload } from './events.ts'
import { readUser, saveSignIn } from './directory.ts'
import { directoryChanged } from './directory-changed.ts'
import type { IdentityProvider } from './identity-provider.ts'
import { readIdentityProvider } from './identity-provider.ts'
import { authorizationUrl, discover, newSignInState, redeemCallback } from './oidc.ts'
import { isSignInWanted, signInCredential } from './sign-in-credential.ts'
import { isOwnPath } from './own-path.ts'
import { signInLimit } from './rate-limit.ts'
import { paths } from './names.ts'

const attemptMs = 600_000
const purpose = 'sign-in'

export type SignIn = {
  project: ProjectId
  /** Null: the project's only identity provider. */
  provider: string | null
  /** A path on our own origin, with query. */
  returnTo: string
  /** Ask for the password even if the person is signed in at the company. */
  again?: boolean
}

const attemptShape = z.object({
  project: z.string(),
  provider: z.string(),
  returnTo: z.string(),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
})

/** Sends the browser to the company's sign-in. It comes back to `returnTo` with a browser session. Never refuses: a page says why. */
export async function startSignIn(request: Request, signIn: SignIn, deps: IdentityDeps): Promise<Response> {
  const { config, db, now } = deps
  const started = await start()
  return started.ok ? started.value : refusalPage(started.error)

  async function start(): Promise<Result<Response>> {
    const allowed = signInLimit(clientAddress(request) ?? '', now())
    if (!allowed.ok) return allowed
    if (!isOwnPath(signIn.returnTo, config)) return refuse('core/bad_request', { evidence: { reason: 'return_to' } })
    const provider = await readIdentityProvider(db, config, signIn.project, signIn.provider)
    if (!provider.ok) return provider
    const server = await discover(provider.value.issuer, deps)
    if (!server.ok) return server
    const secrets = newSignInState()
    const again = signIn.again ?? false
    const target = await authorizationUrl(server.value, provider.value, secrets, redirectUri(config), again)
    if (!target.ok) return target
    const attempt = { project: signIn.project, provider: provider.value.id, returnTo: signIn.returnTo, ...secrets }
    const sealed = await sealState(config.stateKey, purpose, attempt, now() + attemptMs)
    const headers = new Headers({
      location: target.value,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    })
    headers.append('set-cookie', setCookie(config, attemptCookie(secrets.state), sealed, attemptMs))
    return ok(new Response(null, { status: 302, headers }))
  }
}

/** The company's identity provider sent the browser back. Every failure is a page, and the code is not exchanged before all else holds. */
export async function finishSignIn(request: Request, deps: IdentityDeps): Promise<Response> {
  const { config, now } = deps
  const allowed = signInLimit(clientAddress(request) ?? '', now())
  if (!allowed.ok) return refusalPage(allowed.error)
  const callback = new URL(request.url)
  const state = callback.searchParams.get('state') ?? ''
  const attempt = await readAttempt(request, state, deps)
  if (attempt === null) return refusalPage({ code: 'identity/sign_in_failed' })

  const done = await redeem(callback, attempt, deps)
  const cleared = clearCookie(config, attemptCookie(state))
  if (!done.ok) {
    await deps.record([
      identityEvent(
        'identity.sign_in_failed',
        attempt,
        now(),
        failure(done.error, attempt),
        personPayload(null, request),
      ),
    ])
    return refusalPage(done.error, cleared)
  }
  const { before, user, provider, credential } = done.value
  const session = { project: provider.project, user: user.id, provider: provider.id, signedInAt: now() }
  const who = { project: provider.project, user: user.id }
  await deps.record([
    ...directoryChanged(provider.project, before, user, 'sign_in', now()),
    identityEvent('identity.signed_in', who, now(), { provider: provider.id }, personPayload(user, request)),
  ])
  if (before !== null && !saysTheSame(before, user)) await deps.principalsChanged(provider.project, { user: user.id })
  if (credential !== null) {
    const kept = deps.keepSignIn(provider.project, user.id, credential)
    // They are signed in all the same; a call that needs it asks them again.
    await kept.catch((fault: unknown) => logFault('identity.sign_in_not_kept', fault))
  }
  const headers = new Headers({ location: attempt.returnTo, 'cache-control': 'no-store' })
  headers.append('set-cookie', await sessionCookie(config, session))
  headers.append('set-cookie', cleared)
  return new Response(null, { status: 303, headers })
}

type Attempt = z.output<typeof attemptShape>

/** The cookie is named after the state, so that two tabs do not disturb each other, and is this browser's alone (attack case 27). */
async function readAttempt(request: Request, state: string, { config, now }: IdentityDeps): Promise<Attempt | null> {
  if (!/^[\w-]{43}$/.test(state)) return null
  const sealed = readCookie(config, request, attemptCookie(state))
  const opened = sealed && (await openState(config.stateKey, purpose, sealed, now()))
  const attempt = attemptShape.safeParse(opened)
  return attempt.success && attempt.data.state === state ? attempt.data : null
}

type SignedIn = {
  before: DirectoryUser | null
  user: DirectoryUser
  provider: IdentityProvider
  /** Null: no server needs it, so it is not kept. */
  credential: SignInCredential | null
}

async function redeem(callback: URL, attempt: Attempt, deps: IdentityDeps): Promise<Result<SignedIn>> {
  const { config, db, now } = deps
  const provider = await readIdentityProvider(db, config, attempt.project as ProjectId, attempt.provider)
  if (!provider.ok) return provider
  const server = await discover(provider.value.issuer, deps)
  if (!server.ok) return server
  // What the browser called us is not ours to trust: the redirect URI is built from the configuration.
  const seen = new URL(redirectUri(config))
  seen.search = callback.search
  const redeemed = await redeemCallback(seen, server.value, provider.value, attempt, redirectUri(config), deps)
  if (!redeemed.ok) return redeemed
  const { claims, tokens } = redeemed.value
  const read = readPerson(claims, provider.value)
  if (!read.ok)
    return refuse('identity/sign_in_failed', { message: faultTexts[read.fault], evidence: { reason: read.fault } })
  const { project } = provider.value
  const before = await readUser(db, project, await userId(project, read.person.issuer, read.person.subject))
  const user = await saveSignIn(db, project, read.person, now())
  if (!user.active) return refuse('identity/forbidden', { evidence: { reason: 'user_inactive', user: user.id } })
  const wanted = await isSignInWanted(db, provider.value)
  const credential = wanted ? signInCredential(provider.value, user, claims, tokens) : null
  return ok({ before, user, provider: provider.value, credential })
}

/** As far as rules can read it. */
function saysTheSame(...two: [before: DirectoryUser, now: DirectoryUser]): boolean {
  const [before, now] = two.map(({ name, email, groups, attributes }) =>
    canonicalJson([name, email ?? null, [...groups], { ...attributes }]),
  )
  return before === now
}

const faultTexts = {
  subject_missing: 'The sign-in did not say who you are. An administrator has to look at its settings.',
  foreign_tenant: 'This account belongs to another organization.',
  groups_unresolved:
    'Your groups could not be read completely, so nothing can be decided for you. Tell an administrator.',
} as const

const redirectUri = (config: Config): string => `${config.publicUrl}${paths.callback}`

const attemptCookie = (state: string): string => `sign-in-${state.slice(0, 16)}`

function failure({ code, evidence }: Refusal, { provider }: Attempt): JsonObject {
  const reason = evidence?.['reason']
  return { provider, code, reason: typeof reason === 'string' ? reason : 'unknown' }
}

function refusalPage({ code, message, retryAfterMs }: Refusal, cookie?: string): Promise<Response> {
  const headers = new Headers(cookie && { 'set-cookie': cookie })
  if (retryAfterMs !== undefined) headers.set('retry-after', String(Math.ceil(retryAfterMs / 1000)))
  return errorPage(code, { title: 'You are not signed in', headers, ...(message !== undefined && { text: message }) })
}
