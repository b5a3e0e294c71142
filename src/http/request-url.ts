import { Remembered } from '../core/remembered.ts'

/** What of a request's URL decides where it goes. */
export type RequestUrl = Pick<URL, 'host' | 'pathname' | 'origin'>

const known = new Remembered<RequestUrl>(1_000)

/**
 * Reading a URL costs as much as all that is decided by it, and clients come back to the same ones. One with a query is read
 * anew and not kept: it may hold a secret (attack case 20).
 */
export function readUrl(text: string): RequestUrl {
  if (text.includes('?')) return new URL(text)
  let url = known.get(text)
  if (!url) {
    const { host, pathname, origin } = new URL(text)
    known.set(text, (url = { host, pathname, origin }))
  }
  return url
}
