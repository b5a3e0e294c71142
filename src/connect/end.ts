import { z } from 'zod'
import { timingSafeEqual, utf8 } from '../core/bytes.ts'
import { randomToken } from '../core/ids.ts'
import { errorPage } from '../core/page.ts'
import { openState, sealState } from '../core/state.ts'
import type { BrowserSession, IdentityDeps } from '../identity/identity.ts'
import { browserSession, checkCsrf, readCookie, readForm, setCookie } from '../identity/identity.ts'
import type { ConnectEnd } from '../vault/vault.ts'
import { confirmWithinMs, vaultOf } from '../vault/vault.ts'
import { confirmPage, confirmPurpose } from './confirm-page.ts'
import { visitorOf } from './link-page.ts'
import { endPage, invalidLink, mismatchPage, refusalPage } from './pages.ts'

const purpose = 'connect result'
const lifeMs = 10 * 60_000

const end = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('connected'),
    provider: z.string(),
    account: z.string(),
    connection: z.string(),
    missing: z.array(z.string()),
    remaining: z.number(),
  }),
  z.object({
    kind: z.literal('confirm'),
    provider: z.string(),
    account: z.string(),
    accountId: z.string().nullable(),
    email: z.string().nullable(),
    held: z.string(),
  }),
  z.object({ kind: z.literal('not_mine'), provider: z.string() }),
  z.object({ kind: z.literal('declined'), provider: z.string() }),
  z.object({ kind: z.literal('swapped_account'), provider: z.string(), expected: z.string(), got: z.string() }),
  z.object({
    kind: z.literal('wrong_domain'),
    provider: z.string(),
    account: z.string(),
    domains: z.array(z.string()),
  }),
  z.object({ kind: z.literal('failed'), provider: z.string(), reason: z.string() }),
])
/** `browser`: what the cookie of the browser that came back from the provider says. */
const shape = z.object({ user: z.string(), end, browser: z.string().nullable() })

/**
 * Moves the browser off the callback's address: the code, although spent, is then in no history entry, and a reload shows the
 * result again instead of an error.
 */
export async function endedAt(
  end: ConnectEnd,
  session: BrowserSession,
  { config, now }: IdentityDeps,
  cookie: string,
): Promise<Response> {
  const browser = end.kind === 'confirm' ? randomToken() : null
  const state = { user: session.user.id, end: { ...end }, browser }
  const sealed = await sealState(config.stateKey, purpose, shape.parse(state), now() + lifeMs)
  const headers = new Headers({
    location: `/connect/result/${sealed}`,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
  })
  headers.append('set-cookie', cookie)
  if (browser !== null) headers.append('set-cookie', setCookie(config, cookieName(browser), browser, confirmWithinMs))
  return new Response(null, { status: 303, headers })
}

/** Account names are the person's own business: shown to nobody else who gets hold of the address. */
export async function resultOf(request: Request, sealed: string, deps: IdentityDeps): Promise<Response> {
  const opened = await open(request, sealed, deps)
  if (opened === null) return invalidLink()
  const { end, session } = opened
  return end.kind === 'confirm' ? confirmPage(sealed, end, session, deps) : endPage(end)
}

/** The person's answer to "is this yours?", taken from the browser that came back from the provider and no other. */
export async function confirmAccount(
  request: Request,
  sealed: string,
  env: Env,
  deps: IdentityDeps,
): Promise<Response> {
  const opened = await open(request, sealed, deps)
  if (opened === null || opened.end.kind !== 'confirm' || opened.browser === null) return invalidLink()
  const { end, session, browser } = opened
  const form = await readForm(request)
  if (!form.ok) return errorPage(form.error.code)
  const fromHere = await checkCsrf(request, form.value, deps.config, session, confirmPurpose(end.held))
  if (!fromHere.ok) return errorPage(fromHere.error.code)
  const answer = form.value.get('account')
  if (answer !== 'keep' && answer !== 'refuse') return errorPage('core/bad_request')

  const vault = vaultOf(env, session.user.id)
  const cookie = readCookie(deps.config, request, cookieName(browser))
  const isSame = cookie !== null && timingSafeEqual(utf8(cookie), utf8(browser))
  const done = await vault.confirmConnect(end.held, visitorOf(session), isSame && answer === 'keep')
  const forget = setCookie(deps.config, cookieName(browser), '', 0)
  if (!isSame) return mismatchPage('other_browser', forget)
  return done.ok ? endedAt(done.value, session, deps, forget) : refusalPage(done.error, forget)
}

async function open(request: Request, sealed: string, deps: IdentityDeps) {
  const read = shape.safeParse(await openState(deps.config.stateKey, purpose, sealed, deps.now()))
  const session = await browserSession(request, deps)
  if (!read.success || !session.ok || session.value.user.id !== read.data.user) return null
  return { ...read.data, session: session.value }
}

const cookieName = (browser: string): string => `connect-account-${browser.slice(0, 16)}`
