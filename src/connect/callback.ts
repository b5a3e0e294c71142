import { timingSafeEqual, utf8 } from '../core/bytes.ts'
import type { IdentityDeps } from '../identity/identity.ts'
import { browserSession, readCookie, setCookie } from '../identity/identity.ts'
import { readLink, vaultOf } from '../vault/vault.ts'
import { endedAt } from './end.ts'
import { visitorOf } from './link-page.ts'
import { invalidLink, mismatchPage, refusalPage, signedOutPage } from './pages.ts'
import { stateCookie } from './state-cookie.ts'

/**
 * The provider sent a browser back. In this order, and the code is not exchanged before all of it holds: the state is ours,
 * it was given to this browser, and the person signed in here is the one the call was for.
 */
export async function finishConnect(
  request: Request,
  provider: string,
  env: Env,
  deps: IdentityDeps,
): Promise<Response> {
  const { search, searchParams } = new URL(request.url)
  const states = searchParams.getAll('state')
  const [state = ''] = states
  const content = states.length === 1 ? await readLink(deps.config.stateKey, 'state', state, deps.now()) : null
  if (!content) return invalidLink()
  const vault = vaultOf(env, content.user)

  const cookie = readCookie(deps.config, request, stateCookie(state))
  if (cookie === null || !timingSafeEqual(utf8(cookie), utf8(state))) {
    await vault.refuseConnect(content.nonce, 'other_browser')
    return mismatchPage('other_browser')
  }
  const forget = setCookie(deps.config, stateCookie(state), '', 0)
  const session = await browserSession(request, deps)
  if (!session.ok) return signedOutPage(forget)

  const end = await vault.finishConnect({
    stateNonce: content.nonce,
    provider,
    query: search,
    visitor: visitorOf(session.value),
  })
  if (!end.ok) return refusalPage(end.error, forget)
  return endedAt(end.value, session.value, deps, forget)
}
