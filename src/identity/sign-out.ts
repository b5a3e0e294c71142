import { errorPage, formPage, messagePage } from '../core/page.ts'
import { browserSession, endedSessionCookie } from './browser-session.ts'
import { checkCsrf, csrfField, csrfToken } from './csrf.ts'
import type { IdentityDeps } from './deps.ts'
import { signOutUser } from './directory.ts'
import { identityEvent, personPayload } from './events.ts'
import { readForm } from './read-form.ts'

const purpose = 'sign-out'
export const signOutPath = '/sign-out'

/** Asks first: a link or an image of another site must not sign anybody out. */
export async function signOutForm(request: Request, deps: IdentityDeps): Promise<Response> {
  const session = await browserSession(request, deps)
  if (!session.ok) return messagePage({ title: 'You are signed out', text: 'Nobody is signed in with this browser.' })
  return formPage({
    title: 'Sign out?',
    body: `You are signed in as ${session.value.user.name}. Your agents keep what you allowed them.`,
    action: signOutPath,
    hidden: { [csrfField]: await csrfToken(deps.config, session.value, purpose) },
    buttons: [{ name: 'decision', value: 'sign_out', label: 'Sign out everywhere' }],
  })
}

/** The cookie is not stored on our side, so one browser cannot be ended alone: all of them are. */
export async function signOut(request: Request, deps: IdentityDeps): Promise<Response> {
  const session = await browserSession(request, deps)
  if (session.ok) {
    const form = await readForm(request)
    if (!form.ok) return errorPage(form.error.code)
    const csrf = await checkCsrf(request, form.value, deps.config, session.value, purpose)
    if (!csrf.ok) return errorPage(csrf.error.code)
    const { project, user } = session.value
    await signOutUser(deps.db, project, user.id, deps.now())
    await deps.forgetSignIn(user.id)
    const who = { project, user: user.id }
    await deps.record([identityEvent('identity.signed_out', who, deps.now(), {}, personPayload(user, request))])
  }
  const headers = { 'set-cookie': endedSessionCookie(deps.config) }
  return messagePage({ title: 'You are signed out', text: 'In this browser and in all others.', headers })
}
