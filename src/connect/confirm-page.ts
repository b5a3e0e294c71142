import { html } from 'hono/html'
import { facts, formPage } from '../core/page.ts'
import type { BrowserSession, IdentityDeps } from '../identity/identity.ts'
import { csrfField, csrfToken } from '../identity/identity.ts'
import type { ConnectEnd } from '../vault/vault.ts'

type Confirm = Extract<ConnectEnd, { kind: 'confirm' }>

/** Bound to the one token set that waits, so that a form of another attempt answers nothing. */
export const confirmPurpose = (held: string): string => `connect account:${held}`

/**
 * Which account it was, before anything is kept (attack case 30): the browser may have been signed in at the provider as
 * somebody else. The first button is the answer of whoever recognises the account.
 */
export async function confirmPage(
  sealed: string,
  { provider, account, accountId, email, held }: Confirm,
  session: BrowserSession,
  deps: IdentityDeps,
): Promise<Response> {
  const you = session.user.email ? `${session.user.name} (${session.user.email})` : session.user.name
  return formPage({
    title: `Is this your account at ${provider}?`,
    body: html`<p>Nothing is connected yet. Your agents will act as this account in your name.</p>
      ${facts([
        ['Service', provider],
        [
          'Account',
          accountId === null ? `${provider} does not say which: the one you signed in with just now` : account,
        ],
        ...(accountId === null || accountId === account ? [] : ([['Its id', accountId]] as const)),
        ...(email === null || email === account ? [] : ([['Its address', email]] as const)),
        ['You are', you],
      ])}
      <p class="warning" role="note">
        If ${accountId === null ? 'it was not you who signed in there' : 'you do not know this account'}, say no:
        somebody else may have signed in here, and what your agent writes would go to them.
      </p>`,
    action: `/connect/result/${sealed}`,
    hidden: { [csrfField]: await csrfToken(deps.config, session, confirmPurpose(held)) },
    buttons: [
      { name: 'account', value: 'keep', label: 'Use this account' },
      { name: 'account', value: 'refuse', label: 'No, it is not mine' },
    ],
  })
}
