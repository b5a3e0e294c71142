/**
 * Where a code may go. The library has compared the URI with the client's registration; this is our own list of what is
 * acceptable at all. https, loopback for native applications (RFC 8252 §7.3), and private-use URIs that we know by heart:
 * any program may claim a scheme, so none is taken on a client's word.
 */
const privateUseUris = ['cursor://anysphere.cursor-mcp/oauth/callback']

export type RedirectTarget = { kind: 'web' | 'loopback' | 'private_use'; host: string }

/** Null: no code goes there. */
export function redirectTarget(uri: string): RedirectTarget | null {
  if (privateUseUris.includes(uri)) return { kind: 'private_use', host: new URL(uri).host }
  let url: URL
  try {
    url = new URL(uri)
  } catch {
    return null
  }
  if (url.username !== '' || url.password !== '' || uri.includes('#')) return null
  if (isLoopback(url.hostname)) return url.protocol === 'http:' || url.protocol === 'https:' ? loopback(url) : null
  return url.protocol === 'https:' ? { kind: 'web', host: url.host } : null
}

const loopback = ({ hostname }: URL): RedirectTarget => ({ kind: 'loopback', host: hostname })

const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
