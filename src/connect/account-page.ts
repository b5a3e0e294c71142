import { html } from 'hono/html'
import type { ProjectId } from '../core/ids.ts'
import { errorPage, facts, formPage, messagePage } from '../core/page.ts'
import type { BrowserSession, IdentityDeps } from '../identity/identity.ts'
import { browserSession, checkCsrf, csrfField, csrfToken, readForm, startSignIn } from '../identity/identity.ts'
import type { AccountLink, ConnectionView, TakenBack } from '../vault/vault.ts'
import { accountPaths, readAccountLink, vaultOf } from '../vault/vault.ts'
import { invalidLink, mismatchPage } from './pages.ts'

type Wants = AccountLink['wants']
type Opened = { session: BrowserSession; content: AccountLink }

const words: Record<Wants, { title: (label: string) => string; about: string; button: string }> = {
  disconnect: {
    title: (label) => `Disconnect ${label}?`,
    about:
      'If you go on, no agent can use this account in your name any more, at no gateway. You can connect it again later.',
    button: 'Disconnect',
  },
  default: {
    title: (label) => `Use ${label} from now on?`,
    about:
      'If you go on, every agent uses this account in your name where it names no other, at every gateway that allows it.',
    button: 'Use it from now on',
  },
}

/** GET: which account, and who asked. Changes nothing. */
export async function showAccount(
  request: Request,
  wants: Wants,
  link: string,
  env: Env,
  deps: IdentityDeps,
): Promise<Response> {
  const opened = await open(request, wants, link, deps)
  if (opened instanceof Response) return opened
  const { session, content } = opened
  const there = await vaultOf(env, content.user).connections()
  const connection = there.find(({ id }) => id === content.connection)
  if (!connection) return gonePage()
  if (wants === 'default' && connection.isDefault) return defaultPage(connection.label)
  const { user } = session
  const { title, about, button } = words[wants]
  return formPage({
    title: title(connection.label),
    body: html`<p><strong>${content.agent.name}</strong> gave you this link. ${about}</p>
      ${facts([
        ['You are', user.email ? `${user.name} (${user.email})` : user.name],
        ['Account', connection.label],
        ...instead(wants, connection, there),
        ['Service', connection.provider],
        ['Agent', content.agent.name],
        ['Vouched for by', content.agent.host ?? 'nobody: its name is its own claim'],
      ])}`,
    action: `${accountPaths[wants]}/${link}`,
    hidden: { [csrfField]: await csrfToken(deps.config, session, csrfPurpose(wants, link)) },
    buttons: [{ name: 'decision', value: wants, label: button }],
  })
}

function instead(wants: Wants, { provider }: ConnectionView, all: readonly ConnectionView[]): [string, string][] {
  const now = all.find((one) => one.provider === provider && one.isDefault)
  return wants === 'default' && now ? [['Until now', now.label]] : []
}

/** POST: the person said yes. Sessions give back what they hold on other terms (promise 7). */
export async function changeAccount(
  request: Request,
  wants: Wants,
  link: string,
  env: Env,
  deps: IdentityDeps,
): Promise<Response> {
  const opened = await open(request, wants, link, deps)
  if (opened instanceof Response) return opened
  const { session, content } = opened
  const form = await readForm(request)
  if (!form.ok) return errorPage(form.error.code)
  const fromHere = await checkCsrf(request, form.value, deps.config, session, csrfPurpose(wants, link))
  if (!fromHere.ok) return errorPage(fromHere.error.code)
  if (form.value.get('decision') !== wants) return errorPage('core/bad_request')
  const vault = vaultOf(env, content.user)
  const by = { kind: 'user' as const, id: session.user.id }
  if (wants === 'default') {
    return (await vault.makeDefault(content.connection, by)) ? defaultPage(content.label) : gonePage()
  }
  const taken = await vault.disconnect(content.connection, by)
  return taken ? disconnectedPage(taken) : gonePage()
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
async function open(request: Request, wants: Wants, link: string, deps: IdentityDeps): Promise<Opened | Response> {
  const content = await readAccountLink(deps.config.stateKey, wants, link, deps.now())
  if (!content) return invalidLink()
  const session = await browserSession(request, deps)
  if (!session.ok) {
    const returnTo = `${accountPaths[wants]}/${link}`
    return startSignIn(request, { project: content.project as ProjectId, provider: null, returnTo }, deps)
  }
  const { project, user } = session.value
  if (project !== content.project) return mismatchPage('other_tenant')
  return user.id === content.user ? { session: session.value, content } : mismatchPage('other_person')
}

const csrfPurpose = (wants: Wants, link: string): string => `${wants}:${link}`

function defaultPage(label: string): Promise<Response> {
  return messagePage({
    title: `${label} is used from now on`,
    text: 'Agents use it in your name unless a call names another of your accounts. You can close this page.',
  })
}

function disconnectedPage({ label, revocation }: TakenBack): Promise<Response> {
  return messagePage({
    title: `${label} is disconnected`,
    text: `No agent can use it in your name any more. ${atProvider[revocation]} You can close this page.`,
  })
}

function gonePage(): Promise<Response> {
  return messagePage({
    title: 'This account is not connected',
    text: 'There is nothing to change any more. You can close this page.',
  })
}
