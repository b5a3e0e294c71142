import { html } from 'hono/html'
import type { ProjectId } from '../core/ids.ts'
import { errorPage, facts, formPage, messagePage } from '../core/page.ts'
import type { BrowserSession, IdentityDeps } from '../identity/identity.ts'
import { browserSession, checkCsrf, csrfField, csrfToken, readForm, startSignIn } from '../identity/identity.ts'
import type { DisconnectLink, TakenBack } from '../vault/vault.ts'
import { readDisconnectLink, vaultOf } from '../vault/vault.ts'
import { invalidLink, mismatchPage } from './pages.ts'

type Opened = { session: BrowserSession; content: DisconnectLink }

/** GET: which account, and who asked. Changes nothing. */
export async function showDisconnect(request: Request, link: string, env: Env, deps: IdentityDeps): Promise<Response> {
  const opened = await open(request, link, deps)
  if (opened instanceof Response) return opened
  const { session, content } = opened
  const there = await vaultOf(env, content.user).connections()
  const connection = there.find(({ id }) => id === content.connection)
  if (!connection) return gonePage()
  const { user } = session
  return formPage({
    title: `Disconnect ${connection.label}?`,
    body: html`<p>
        <strong>${content.agent.name}</strong> gave you this link. If you go on, no agent can use this account in your
        name any more, at no gateway. You can connect it again later.
      </p>
      ${facts([
        ['You are', user.email ? `${user.name} (${user.email})` : user.name],
        ['Account', connection.label],
        ['Service', connection.provider],
        ['Agent', content.agent.name],
        ['Vouched for by', content.agent.host ?? 'nobody: its name is its own claim'],
      ])}`,
    action: `/disconnect/${link}`,
    hidden: { [csrfField]: await csrfToken(deps.config, session, csrfPurpose(link)) },
    buttons: [{ name: 'decision', value: 'disconnect', label: 'Disconnect' }],
  })
}

/** POST: the person said yes. Sessions give the credential back, and the provider is told (promise 7). */
export async function disconnectHere(request: Request, link: string, env: Env, deps: IdentityDeps): Promise<Response> {
  const opened = await open(request, link, deps)
  if (opened instanceof Response) return opened
  const { session, content } = opened
  const form = await readForm(request)
  if (!form.ok) return errorPage(form.error.code)
  const fromHere = await checkCsrf(request, form.value, deps.config, session, csrfPurpose(link))
  if (!fromHere.ok) return errorPage(fromHere.error.code)
  if (form.value.get('decision') !== 'disconnect') return errorPage('core/bad_request')
  const by = { kind: 'user' as const, id: session.user.id }
  const taken = await vaultOf(env, content.user).disconnect(content.connection, by)
  if (!taken) return gonePage()
  return messagePage({
    title: `${taken.label} is disconnected`,
    text: `No agent can use it in your name any more. ${atProvider[taken.revocation]} You can close this page.`,
  })
}

/** What is gone here may live on there, and only the person can end it then. */
const atProvider: Record<TakenBack['revocation'], string> = {
  revoked: 'The service was told, and has ended its permission.',
  not_possible:
    'The service has no way to be told: the permission stays there until it ends by itself, or until you remove it in your ' +
    'settings at the service.',
  failed: 'The service has not confirmed yet that its permission is ended. It is asked again for a few minutes.',
  superseded: '',
}

/** The person is known before anything about the link is said, and it says nothing to anybody else (promise 6). */
async function open(request: Request, link: string, deps: IdentityDeps): Promise<Opened | Response> {
  const content = await readDisconnectLink(deps.config.stateKey, link, deps.now())
  if (!content) return invalidLink()
  const session = await browserSession(request, deps)
  if (!session.ok) {
    const signIn = { project: content.project as ProjectId, provider: null, returnTo: `/disconnect/${link}` }
    return startSignIn(request, signIn, deps)
  }
  const { project, user } = session.value
  if (project !== content.project) return mismatchPage('other_tenant')
  return user.id === content.user ? { session: session.value, content } : mismatchPage('other_person')
}

const csrfPurpose = (link: string): string => `disconnect:${link}`

function gonePage(): Promise<Response> {
  return messagePage({
    title: 'This account is not connected',
    text: 'There is nothing to disconnect any more. You can close this page.',
  })
}
