import type { Config } from '../config/config.ts'
import type { RequestUrl } from './request-url.ts'

/** Which host a request came in at: ours, one of a gateway, or one that is none of ours. */
export type Place = 'public' | 'gateway' | 'unknown'

/** The Host header is only ever compared, never used to build a URL (attack case 8). */
export function placesOf({ publicUrl, baseHost }: Pick<Config, 'publicUrl' | 'baseHost'>): (host: string) => Place {
  const ours = new URL(publicUrl).host
  const suffix = baseHost === null ? null : `.${baseHost}`
  return (host) => {
    if (host === ours) return 'public'
    if (suffix === null || !host.endsWith(suffix)) return 'unknown'
    return /^[a-z0-9-]+$/.test(host.slice(0, -suffix.length)) ? 'gateway' : 'unknown'
  }
}

/**
 * Only browsers send Origin. A page of another site may not call, whatever it carries (MCP 2026-07-28 basic/transports,
 * DNS rebinding; attack case 7); `null`, which sandboxed pages send, is another site.
 */
export function isForeignOrigin(request: Request, url: RequestUrl): boolean {
  const origin = request.headers.get('origin')
  return origin !== null && origin !== url.origin
}
