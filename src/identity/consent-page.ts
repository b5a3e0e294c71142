import { html } from 'hono/html'
import type { GatewayRoute } from '../core/gateway-route.ts'
import { facts, formPage } from '../core/page.ts'
import type { BrowserSession } from './browser-session.ts'
import { csrfField } from './csrf.ts'
import type { RedirectTarget } from './redirect.ts'
import { baseScope, paths } from './names.ts'

export type ConsentDetails = {
  route: GatewayRoute
  session: BrowserSession
  clientName: string
  /** Host of a CIMD client id: somebody answers for it. Null: the name is the client's own claim. */
  clientHost: string | null
  target: RedirectTarget
  scopes: readonly string[]
  /** The request, sealed. */
  sealed: string
  csrf: string
}

/** What the MCP authorization specification and its security best practices want a person to see. No logo: it would be fetched. */
export function consentPage(details: ConsentDetails): Promise<Response> {
  const { route, session, clientName, clientHost, target, scopes, sealed, csrf } = details
  const vouched = clientHost ?? html`nobody: it registered itself, and its name is not verified`
  return formPage({
    title: `Let ${clientName} act for you?`,
    body: html`<p>
        It will be able to call the tools of <strong>${route.title}</strong> in your name, as far as your company's
        rules allow. Accounts that a tool needs, you connect yourself when it first needs them.
      </p>
      ${facts([
        ['Application', clientName],
        ['Vouched for by', vouched],
        ['Returns to', target.host],
        ['Gateway', route.resource],
        ['It may', scopes.map((scope) => scopeWords[scope] ?? scope).join(', ')],
        ['You are', session.user.email ? `${session.user.name} (${session.user.email})` : session.user.name],
      ])}
      ${target.kind === 'web' ? '' : localWarning}`,
    action: paths.authorize,
    hidden: { request: sealed, [csrfField]: csrf },
    buttons: [
      { name: 'decision', value: 'allow', label: 'Allow' },
      { name: 'decision', value: 'deny', label: 'Do not allow' },
    ],
  })
}

const scopeWords: Readonly<Record<string, string>> = {
  [baseScope]: 'call tools',
  offline_access: 'stay signed in without asking again',
}

const localWarning = html`<p class="warning" role="note">
  <strong>This gives access to a program on this computer.</strong> Allow it only if you have just started signing in
  from that program yourself.
</p>`
