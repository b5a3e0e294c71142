import { html } from 'hono/html'
import { errorPage, messagePage } from '../core/page.ts'
import type { Refusal } from '../core/result.ts'
import type { ConnectEnd, Mismatch } from '../vault/vault.ts'

const again = 'Ask your agent again: it will give you a fresh link.'

/** Unknown, altered, used or expired: who may not know gets the same page for all of it. */
export function invalidLink(why: 'unknown' | 'used' | 'expired' = 'unknown'): Promise<Response> {
  if (why === 'used') {
    return messagePage({
      title: 'This is connected already',
      text: 'Everything this link was for is done. Go back to your agent.',
    })
  }
  return errorPage('connect/invalid', {
    title: 'This link does not work any more',
    text: `It was used, it is older than ten minutes, or it is not complete. ${again}`,
  })
}

export function refusalPage({ code, evidence, retryAfterMs }: Refusal, cookie?: string): Promise<Response> {
  const headers = cookie === undefined ? {} : { headers: { 'set-cookie': cookie } }
  if (code === 'connect/wrong_person') {
    return mismatchPage(evidence?.['mismatch'] === 'other_tenant' ? 'other_tenant' : 'other_person', cookie)
  }
  if (code === 'connect/invalid') return invalidLink(evidence?.['fault'] === 'used' ? 'used' : 'unknown')
  const wait = retryAfterMs === undefined ? '' : ' Try again in a few minutes.'
  return errorPage(code, {
    title: 'This account cannot be connected right now',
    text: `It is not your fault.${wait}`,
    ...headers,
  })
}

/** Neutral: they say what is wrong with the visit and nothing about the person or the account it was meant for. */
const mismatches: Record<Mismatch, { title: string; text: string }> = {
  other_person: {
    title: 'This link is for somebody else',
    text:
      'It was made for another person, so it has been cancelled and nothing was connected. If somebody sent it to you, do not ' +
      'use links from them: a link like this connects your account to what their agent does. Tell your administrator.',
  },
  other_tenant: {
    title: 'This link belongs to another organization',
    text: `You are signed in for a different organization. The link has been cancelled and nothing was connected. ${again}`,
  },
  other_browser: {
    title: 'This was started in another browser',
    text: `The service sent you back to a browser that did not start this. It has been cancelled and nothing was connected. ${again}`,
  },
}

export function mismatchPage(mismatch: Mismatch, cookie?: string): Promise<Response> {
  const code = mismatch === 'other_browser' ? 'connect/invalid' : 'connect/wrong_person'
  const headers = cookie === undefined ? {} : { headers: { 'set-cookie': cookie } }
  return errorPage(code, { ...mismatches[mismatch], ...headers })
}

export function signedOutPage(cookie: string): Promise<Response> {
  return errorPage('identity/unauthenticated', {
    title: 'You were signed out meanwhile',
    text: `Nothing was connected. ${again}`,
    headers: { 'set-cookie': cookie },
  })
}

/** How it ended, in words. No token data, and the provider's words never: only its name and the account's. */
export function endPage(end: ConnectEnd): Promise<Response> {
  switch (end.kind) {
    case 'connected':
      return messagePage({
        title: `${end.provider} is connected`,
        text: html`Connected as <strong>${end.account}</strong>. ${missing(end.missing)} ${next(end.remaining)}`,
      })
    case 'confirm':
      // Its page is a form (confirm-page.ts); nothing else shows it.
      return invalidLink()
    case 'not_mine':
      return messagePage({
        title: `${end.provider} is not connected`,
        text:
          `You said that the account is not yours. Nothing was kept, and ${end.provider} was told to take its permission back. ` +
          `Sign out at ${end.provider} or choose the right account there, then ask your agent again.`,
      })
    case 'declined':
      return messagePage({
        title: `${end.provider} is not connected`,
        text: `You did not allow it, so nothing was connected. If that was a mistake: ${again}`,
      })
    case 'swapped_account':
      return messagePage({
        title: 'That was another account',
        text: html`This was for <strong>${end.expected}</strong> at ${end.provider}, but you allowed
          <strong>${end.got}</strong>. Nothing was changed. Sign out at ${end.provider} or choose the right account
          there, then ask your agent again.`,
        status: 409,
      })
    case 'wrong_domain':
      return messagePage({
        title: 'That account may not be connected here',
        text: html`Your company allows accounts of ${end.domains.join(', ')} only, and
          <strong>${end.account}</strong> is not one. Nothing was connected. Choose your work account at
          ${end.provider}, then ask your agent again.`,
        status: 403,
      })
    case 'failed':
      return messagePage({
        title: `${end.provider} could not be connected`,
        text: html`Nothing was connected. ${again} If it happens again, tell your administrator this reason:
          <code>${end.reason}</code>.`,
        status: 502,
      })
  }
}

function missing(scopes: readonly string[]) {
  return scopes.length === 0
    ? ''
    : html`You did not allow all of it: <strong>${scopes.join(', ')}</strong> is missing, and what needs it will ask
        again.`
}

const next = (remaining: number): string =>
  remaining > 0
    ? `The same call waits for ${remaining === 1 ? 'one more account' : `${remaining} more accounts`}: go back to the first page of this link.`
    : 'You can close this page and go back to your agent. If it does not go on by itself, ask it again.'
