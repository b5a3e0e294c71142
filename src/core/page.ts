import { html } from 'hono/html'
import { base64url, randomBytes } from './bytes.ts'
import type { Code } from './errors.ts'
import { errors } from './errors.ts'
import { pageStyle } from './page-style.ts'

/** What `html` from `hono/html` gives: every value put into the template is escaped. Plain strings are escaped too. */
export type Html = ReturnType<typeof html> | string

export type Page = {
  title: string
  body: Html
  status?: number
  /** Added to ours: cookies, `WWW-Authenticate`. Ours win. */
  headers?: HeadersInit
  /** `wide` for tables (console pages). Default: a reading column. */
  width?: 'column' | 'wide'
}

/**
 * The layout of every page. Nothing may be loaded, framed, cached or sent on as a referrer, and no script runs
 * (attack case 32), so a page works without JavaScript or not at all.
 */
export async function page({ title, body, status = 200, headers, width = 'column' }: Page): Promise<Response> {
  const nonce = base64url(randomBytes(16))
  const text = await html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <style nonce="${nonce}">
          ${pageStyle}
        </style>
      </head>
      <body>
        <main class="${width}">
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html>`
  const all = new Headers(headers)
  for (const [name, value] of Object.entries(pageHeaders(nonce))) all.set(name, value)
  return new Response(String(text), { status, headers: all })
}

const pageHeaders = (nonce: string): Record<string, string> => ({
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'nonce-${nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
})

export type Message = {
  title: string
  text: Html
  status?: number
  headers?: HeadersInit
  /** Links below the text, on our own origin. */
  links?: readonly { href: string; label: string }[]
}

/** A page that only says something. */
export function messagePage({ title, text, links = [], ...rest }: Message): Promise<Response> {
  const body = html`<p>${text}</p>
    ${links.map(({ href, label }) => html`<p><a href="${href}">${label}</a></p>`)}`
  return page({ title, body, ...rest })
}

export type ErrorDetails = { title?: string; text?: string; reference?: string; headers?: HeadersInit }

/** A refusal for a person. Status and text come from the table of errors unless given; never upstream text. */
export function errorPage(code: Code, details: ErrorDetails = {}): Promise<Response> {
  const { title = 'This did not work', text = errors[code].text, reference, headers } = details
  const body = html`<p role="alert">${text}</p>
    ${reference === undefined ? '' : html`<p class="quiet">Reference: <code>${reference}</code></p>`}`
  return page({ title, body, status: errors[code].status, ...(headers && { headers }) })
}

export type Form = {
  title: string
  /** Above the buttons: who, what, where. See `facts`. */
  body: Html
  /** A path on our own origin; CSP `form-action 'self'` allows no other. */
  action: string
  /** Sent with the form, e.g. the CSRF token. */
  hidden: Readonly<Record<string, string>>
  /** The first is the main one. */
  buttons: readonly { name: string; value: string; label: string }[]
  status?: number
  headers?: HeadersInit
}

/** A page with one form, sent by POST. After it, leave for another site with `leavePage`, not with a redirect. */
export function formPage({ title, body, action, hidden, buttons, ...rest }: Form): Promise<Response> {
  const form = html`<form method="post" action="${action}">
    ${body}
    ${Object.entries(hidden).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
    <p class="buttons">
      ${buttons.map(
        (one, at) =>
          html`<button name="${one.name}" value="${one.value}" class="${at === 0 ? 'main' : 'other'}">
            ${one.label}
          </button> `,
      )}
    </p>
  </form>`
  return page({ title, body: form, ...rest })
}

/** Name and value pairs, e.g. application, host, where it returns. */
export function facts(pairs: readonly (readonly [name: string, value: Html])[]): Html {
  return html`<dl>
    ${pairs.map(
      ([name, value]) =>
        html`<dt>${name}</dt>
          <dd>${value}</dd>`,
    )}
  </dl>`
}

/**
 * The answer to a form that sends the browser to another site. A 303 would be blocked: browsers hold the whole redirect
 * chain after a form against `form-action` (CSP 3 §6.4.1), and that chain is not ours to list. `Refresh` starts anew.
 * Throws on a URL that is no target of a navigation, such as `javascript:`.
 */
export function leavePage(target: string, where: string, headers?: HeadersInit): Promise<Response> {
  const url = new URL(target)
  if (['javascript:', 'data:', 'vbscript:', 'blob:', 'file:', 'about:'].includes(url.protocol)) {
    throw new Error(`not a place to go: ${url.protocol}`)
  }
  const all = new Headers(headers)
  all.set('refresh', `0; url=${url.href}`)
  const body = html`<p>If nothing happens: <a href="${url.href}">continue to ${where}</a>.</p>`
  return page({ title: `Going to ${where}`, body, headers: all })
}
