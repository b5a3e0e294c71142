import type { Config } from '../config/config.ts'

/** Which host a request came in at: ours, one of a gateway, or one that is none of ours. */
export type Place = { kind: 'public' } | { kind: 'gateway'; slug: string } | { kind: 'unknown' }

/** The Host header is only ever compared, never used to build a URL (attack case 8). */
export function placeOf(host: string, { publicUrl, baseHost }: Pick<Config, 'publicUrl' | 'baseHost'>): Place {
  if (host === new URL(publicUrl).host) return { kind: 'public' }
  const suffix = `.${baseHost}`
  if (baseHost === null || !host.endsWith(suffix)) return { kind: 'unknown' }
  const slug = host.slice(0, -suffix.length)
  return /^[a-z0-9-]+$/.test(slug) ? { kind: 'gateway', slug } : { kind: 'unknown' }
}

/**
 * Only browsers send Origin. A page of another site may not call, whatever it carries (MCP 2026-07-28 basic/transports,
 * DNS rebinding; attack case 7); `null`, which sandboxed pages send, is another site.
 */
export function isForeignOrigin(request: Request, url: URL): boolean {
  const origin = request.headers.get('origin')
  return origin !== null && origin !== url.origin
}
