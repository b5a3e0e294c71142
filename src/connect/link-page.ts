import { html } from 'hono/html'
import type { ProjectId } from '../core/ids.ts'
import { identityProviderOf } from '../core/sign-in-provider.ts'
import type { Html } from '../core/page.ts'
import { errorPage, facts, formPage, leavePage } from '../core/page.ts'
import type { BrowserSession, IdentityDeps } from '../identity/identity.ts'
import {
  browserSession,
  checkCsrf,
  csrfField,
  csrfToken,
  readForm,
  setCookie,
  startSignIn,
} from '../identity/identity.ts'
import type { PendingConnect } from '../vault/vault.ts'
import { connectLinkMs, readLink, vaultOf } from '../vault/vault.ts'
import { invalidLink, refusalPage } from './pages.ts'
import { stateCookie } from './state-cookie.ts'

type Opened = { session: BrowserSession; nonce: string; vault: ReturnType<typeof vaultOf> }

/** GET: says what is asked and creates nothing. */
export async function showConnect(request: Request, link: string, env: Env, deps: IdentityDeps): Promise<Response> {
  const opened = await open(request, link, env, deps)
  if (opened instanceof Response) return opened
  const pending = await opened.vault.viewConnect(opened.nonce, visitorOf(opened.session))
  if (!pending.ok) return refusalPage(pending.error)
  return connectPage(link, pending.value, opened.session, deps)
}

/** POST: the person said yes to one of them. Only now does a state exist, and only this browser has its cookie. */
export async function startConnect(request: Request, link: string, env: Env, deps: IdentityDeps): Promise<Response> {
  const opened = await open(request, link, env, deps)
  if (opened instanceof Response) return opened
  const { session, nonce, vault } = opened
  const form = await readForm(request)
  if (!form.ok) return errorPage(form.error.code)
  const fromHere = await checkCsrf(request, form.value, deps.config, session, csrfPurpose(link))
  if (!fromHere.ok) return errorPage(fromHere.error.code)
  const ticket = form.value.get('ticket') ?? ''
  const pending = await vault.viewConnect(nonce, visitorOf(session))
  if (!pending.ok) return refusalPage(pending.error)
  const chosen = pending.value.find((one) => one.ticket === ticket)
  const signInAt = chosen?.state === 'open' ? identityProviderOf(chosen.provider.id) : null
  if (signInAt !== null) return signInOnce(request, link, session, signInAt, deps)
  const started = await vault.startConnect(nonce, ticket, visitorOf(session))
  if (!started.ok) return refusalPage(started.error)
  const { authorizeUrl, state, provider } = started.value
  const cookie = setCookie(deps.config, stateCookie(state), state, connectLinkMs)
  return leavePage(authorizeUrl, provider.name, { 'set-cookie': cookie })
}

/** The person is known before anything about the link is said. Whoever is not signed in signs in first and comes back. */
async function open(request: Request, link: string, env: Env, deps: IdentityDeps): Promise<Opened | Response> {
  const content = await readLink(deps.config.stateKey, 'connect', link, deps.now())
  if (!content) return invalidLink()
  const session = await browserSession(request, deps)
  if (!session.ok) {
    const signIn = { project: content.project as ProjectId, provider: null, returnTo: `/connect/${link}` }
    return startSignIn(request, signIn, deps)
  }
  return { session: session.value, nonce: content.nonce, vault: vaultOf(env, content.user) }
}

/** The sign-in itself puts what it gives into the vault of whoever signs in; the link then shows that it is done. */
async function signInOnce(
  request: Request,
  link: string,
  { project }: BrowserSession,
  signInAt: string,
  deps: IdentityDeps,
): Promise<Response> {
  const signIn = { project, provider: signInAt, returnTo: `/connect/${link}` }
  const started = await startSignIn(request, signIn, deps)
  const location = started.headers.get('location')
  const cookie = started.headers.get('set-cookie')
  if (location === null || cookie === null) return started
  return leavePage(location, new URL(location).host, { 'set-cookie': cookie })
}

const csrfPurpose = (link: string): string => `connect:${link}`

export function visitorOf({ project, user }: BrowserSession) {
  return { project, user: user.id, ...(user.email === undefined ? {} : { email: user.email }) }
}

async function connectPage(
  link: string,
  pending: readonly PendingConnect[],
  session: BrowserSession,
  deps: IdentityDeps,
): Promise<Response> {
  const open = pending.filter((one) => one.state === 'open')
  const [first] = open
  if (!first) return invalidLink(pending.some((one) => one.state === 'done') ? 'used' : 'expired')
  const done = pending.filter((one) => one.state === 'done')
  const names = [...new Set(open.map((one) => one.provider.name))].join(' and ')
  const you = session.user.email ? `${session.user.name} (${session.user.email})` : session.user.name
  return formPage({
    title: `Connect ${names}?`,
    body: html`${askedBy(first, you)} ${done.map((one) => html`<p class="quiet">${one.provider.name}: connected.</p>`)}
    ${open.map(section)}`,
    action: `/connect/${link}`,
    hidden: { [csrfField]: await csrfToken(deps.config, session, csrfPurpose(link)) },
    buttons: open.map((one) => ({ name: 'ticket', value: one.ticket, label: `Connect ${one.provider.name}` })),
  })
}

function askedBy(pending: PendingConnect, you: string): Html {
  if (pending.listsOf !== null) return askedByAdministrator(pending.listsOf, you)
  return pending.agent ? askedByAgent(pending.agent, pending, you) : facts([['You are', you]])
}

function askedByAdministrator(server: string, you: string): Html {
  return html`<p>
      An administrator wants to see what <strong>${server}</strong> offers, which it shows only to people who have an
      account there. Your account is used to read these lists. You can take this back at any time.
    </p>
    ${facts([
      ['You are', you],
      ['Asked by', 'an administrator'],
    ])}
    <p class="warning" role="note">
      Go on only if an administrator has told you to expect this. If you do not know why you have this link, close this
      page.
    </p>`
}

function askedByAgent(agent: NonNullable<PendingConnect['agent']>, pending: PendingConnect, you: string): Html {
  return html`<p>
      <strong>${agent.name}</strong> wants to use <em>${pending.tool}</em> in your name. For that it needs an account of
      yours. The agent never sees your password or a token, and you can take this back at any time.
    </p>
    ${facts([
      ['You are', you],
      ['Agent', agent.name],
      ['Vouched for by', agent.host ?? 'nobody: its name is its own claim'],
      ['Gateway', pending.gateway],
    ])}
    <p class="warning" role="note">
      Go on only if you have just asked this agent for something. If somebody sent you this link, close this page.
    </p>`
}

function section({ provider, scopes, granted, account }: PendingConnect): Html {
  const more = scopes.filter((scope) => !granted.includes(scope))
  const rows: [string, Html][] = [
    ['Service', provider.name],
    ...(account === null ? [] : ([['Account', account]] as [string, Html][])),
    ['It may', more.length > 0 ? more.join(', ') : 'what the application is set up for at the service'],
    ...(granted.length > 0 ? ([['It may already', granted.join(', ')]] as [string, Html][]) : []),
  ]
  return facts(rows)
}
