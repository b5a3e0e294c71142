import { authorizationErrorRedirect } from '@cloudflare/workers-oauth-provider'
import { z } from 'zod'
import { grants } from '../db/schema.ts'
import type { Json } from '../core/json.ts'
import { errorPage, leavePage } from '../core/page.ts'
import type { Refusal } from '../core/result.ts'
import { openState, sealState } from '../core/state.ts'
import { upsertAgent } from './agents.ts'
import type { Authorization } from './authorization-request.ts'
import { readAuthorization, seeOther } from './authorization-request.ts'
import type { BrowserSession } from './browser-session.ts'
import { browserSession } from './browser-session.ts'
import { needsConsent, readConsent, saveConsent } from './consent.ts'
import { consentPage } from './consent-page.ts'
import { checkCsrf, csrfToken } from './csrf.ts'
import type { IdentityDeps } from './deps.ts'
import { identityEvent } from './events.ts'
import type { GrantMetadata } from './grant/facts.ts'
import { grantSubject } from './grant/name.ts'
import { readForm } from './read-form.ts'
import { startSignIn } from './sign-in.ts'
import { paths } from './names.ts'

const purpose = 'consent'
const consentMs = 600_000

/** `GET /oauth/authorize`: sign in if need be, ask if need be, then hand the client its code. */
export async function authorize(request: Request, deps: IdentityDeps): Promise<Response> {
  const { search } = new URL(request.url)
  const asked = await readAuthorization(search, deps)
  if (!asked.ok) return asked.response
  const authorization = asked.value
  const session = await browserSession(request, deps)
  if (!session.ok || !isEnough(session.value, authorization, deps.now())) return signIn(request, authorization, deps)

  const remembered = await readConsent(deps.db, consentKey(authorization, session.value))
  const { route, agent, scopes, target, prompt } = authorization
  const isTrusted = route.signIn.trustedClients.includes(agent.clientId)
  if (needsConsent(remembered, scopes, target, prompt, isTrusted)) {
    return askForConsent(authorization, session.value, deps)
  }
  return seeOther(await makeGrant(authorization, session.value, deps, isTrusted ? 'trusted' : 'remembered'))
}

/** `POST /oauth/authorize`: what the person decided. Everything is checked again, because ten minutes may have passed. */
export async function decide(request: Request, deps: IdentityDeps): Promise<Response> {
  const session = await browserSession(request, deps)
  if (!session.ok) return refusalPage(session.error)
  const form = await readForm(request)
  if (!form.ok) return refusalPage(form.error)
  const csrf = await checkCsrf(request, form.value, deps.config, session.value, purpose)
  if (!csrf.ok) return refusalPage(csrf.error)
  const search = await openForm(form.value, session.value, deps)
  if (search === null) return refusalPage({ code: 'identity/sign_in_failed' })
  const asked = await readAuthorization(search, deps)
  if (!asked.ok) return asked.response
  if (!isEnough(session.value, asked.value, null)) return signIn(request, asked.value, deps)
  return form.value.get('decision') === 'allow'
    ? leave(await makeGrant(asked.value, session.value, deps, 'allowed'), asked.value)
    : denied(asked.value, session.value, deps)
}

/** Signed in for this project, at the identity provider this gateway wants, and lately enough. `now` null: age does not matter. */
function isEnough(session: BrowserSession, { route, prompt, maxAgeMs }: Authorization, now: number | null): boolean {
  const { identityProvider } = route.signIn
  if (session.project !== route.project) return false
  if (identityProvider !== null && session.provider !== identityProvider) return false
  if (now === null) return true
  return !prompt.includes('login') && (maxAgeMs === null || now - session.signedInAt <= maxAgeMs)
}

/** Comes back here without what asked for the sign-in, or it would ask forever. */
function signIn(request: Request, authorization: Authorization, deps: IdentityDeps): Promise<Response> {
  const { route, prompt, maxAgeMs, search } = authorization
  const query = new URLSearchParams(search)
  const rest = prompt.filter((one) => one !== 'login')
  if (rest.length > 0) query.set('prompt', rest.join(' '))
  else query.delete('prompt')
  query.delete('max_age')
  const again = rest.length !== prompt.length || maxAgeMs !== null
  const returnTo = `${paths.authorize}?${query.toString()}`
  return startSignIn(
    request,
    { project: route.project, provider: route.signIn.identityProvider, returnTo, again },
    deps,
  )
}

async function askForConsent(
  { search, route, agent, target, scopes }: Authorization,
  session: BrowserSession,
  { config, now }: IdentityDeps,
): Promise<Response> {
  const state: Json = { search, sessionId: session.sessionId }
  const sealed = await sealState(config.stateKey, purpose, state, now() + consentMs)
  const csrf = await csrfToken(config, session, purpose)
  const clientHost = agent.host ?? null
  return consentPage({ route, session, clientName: agent.name, clientHost, target, scopes, sealed, csrf })
}

const formState = z.object({ search: z.string(), sessionId: z.string() })

async function openForm(form: URLSearchParams, session: BrowserSession, deps: IdentityDeps): Promise<string | null> {
  const opened = await openState(deps.config.stateKey, purpose, form.get('request') ?? '', deps.now())
  const state = formState.safeParse(opened)
  return state.success && state.data.sessionId === session.sessionId ? state.data.search : null
}

/** The grant, recorded before the client can use it. Returns where the browser goes with the code. */
async function makeGrant(
  { route, request, agent, target, scopes, oauth, made }: Authorization,
  session: BrowserSession,
  { db, now, record }: IdentityDeps,
  how: 'allowed' | 'remembered' | 'trusted',
): Promise<string> {
  const at = now()
  const { project, gateway } = route
  const user = session.user.id
  const metadata: GrantMetadata = { project, gateway, user, agent: agent.id, authenticatedAt: session.signedInAt }
  const key = { project, user, agent: agent.id, gateway, redirectHost: target.host }
  await db.batch([upsertAgent(db, project, agent.id, agent, at), saveConsent(db, key, scopes, at)])
  const { redirectTo } = await oauth.completeAuthorization({
    request,
    userId: grantSubject({ project, user }),
    metadata,
    scope: scopes,
    props: {},
    // Several installations of one client keep a grant each. They end on their own, or all together when the person leaves.
    revokeExistingGrants: false,
  })
  if (made.id === null) throw new Error('an authorization was completed without a grant')
  await db.insert(grants).values({ project, id: made.id, user, agent: agent.id, gateway, createdAt: at })
  const details = { how, grant: made.id, clientId: agent.clientId, redirectHost: target.host, scopes }
  await record([identityEvent('identity.consented', { project, gateway, user, agent: agent.id }, at, details)])
  return redirectTo
}

async function denied(authorization: Authorization, session: BrowserSession, deps: IdentityDeps): Promise<Response> {
  const { route, agent, target, request } = authorization
  const who = { project: route.project, gateway: route.gateway, user: session.user.id, agent: agent.id }
  const details = { clientId: agent.clientId, redirectHost: target.host }
  await deps.record([identityEvent('identity.consent_denied', who, deps.now(), details)])
  return leave(authorizationErrorRedirect(request, 'access_denied'), authorization)
}

const leave = (to: string, { target, agent }: Authorization): Promise<Response> =>
  leavePage(to, target.kind === 'web' ? target.host : agent.name)

const consentKey = ({ route, agent, target }: Authorization, { user }: BrowserSession) => ({
  project: route.project,
  user: user.id,
  agent: agent.id,
  gateway: route.gateway,
  redirectHost: target.host,
})

const refusalPage = ({ code }: Refusal): Promise<Response> =>
  errorPage(code, {
    title: 'This did not work',
    text: 'The page was too old or not yours. Start again in the application.',
  })
