import type { Config } from '../config/config.ts'
import { readConfig } from '../config/config.ts'
import type { Clock } from '../core/clock.ts'
import { systemClock } from '../core/clock.ts'
import type { GatewayRoute } from '../core/gateway-route.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { openDb } from '../db/db.ts'
import { parseDocument } from './document.ts'
import { readLiveBySlug } from './store.ts'

const knownForMs = 30_000
const unknownForMs = 5_000
/** A scan over made-up names must not fill the memory of the isolate. */
const keptRoutes = 1_000

type Known = { route: Omit<GatewayRoute, 'resource' | 'resources'> | null; until: number }
const known = new Map<string, Known>()

/**
 * Which gateway a URL is for: `{publicUrl}/{slug}/...` or, with a base host, `https://{slug}.{baseHost}/...`. The host is
 * compared with the configuration and never believed. Warm, it reads nothing: a name is remembered for 30 s, an unknown one
 * for 5 s. That decides what a stranger is told, not what a session may do: sessions ask the Hub.
 *
 * Errors: `gateways/unknown`, the same for a gateway that does not exist, is disabled or cannot be read; `config/missing`.
 */
export async function resolveGateway(url: URL, env: Env, now: Clock = systemClock): Promise<Result<GatewayRoute>> {
  const config = readConfig(env)
  if (!config.ok) return config
  const slug = slugOf(url, config.value)
  if (slug === null) return refuse('gateways/unknown')
  const found = known.get(slug)
  const route = found && found.until > now() ? found.route : await look(slug, env, now)
  if (!route) return refuse('gateways/unknown')
  const { path, host } = urlsOf(slug, config.value)
  const resource = host !== null && new URL(host).host === url.host ? host : path
  return ok({ ...route, resource, resources: host === null ? [path] : [path, host] })
}

/** After an administrator's change, for this isolate; the others follow within 30 s. */
export function forgetRoute(slug: string): void {
  known.delete(slug)
}

function slugOf(url: URL, config: Config): string | null {
  const base = new URL(config.publicUrl)
  const suffix = `.${config.baseHost}`
  const byHost = config.baseHost !== null && url.host.endsWith(suffix) ? url.host.slice(0, -suffix.length) : null
  const slug = url.host === base.host ? firstSegment(url.pathname, base.pathname) : byHost
  return slug !== null && /^[a-z0-9-]{1,40}$/.test(slug) ? slug : null
}

function firstSegment(path: string, basePath: string): string | null {
  const base = basePath.replace(/\/$/, '')
  if (!path.startsWith(`${base}/`)) return null
  return path.slice(base.length + 1).split('/', 1)[0] ?? null
}

function urlsOf(slug: string, { publicUrl, baseHost }: Config): { path: string; host: string | null } {
  const { protocol } = new URL(publicUrl)
  return {
    path: `${publicUrl}/${slug}/mcp`,
    host: baseHost === null ? null : `${protocol}//${slug}.${baseHost}/mcp`,
  }
}

async function look(slug: string, env: Env, now: Clock): Promise<Known['route']> {
  const live = await readLiveBySlug(openDb(env.DB), slug)
  const document = live && parseDocument(live.document)
  const open = live && document?.ok && live.head.enabled && document.value.enabled
  const route = open
    ? {
        project: live.project,
        gateway: live.head.gateway,
        slug,
        title: document.value.title,
        enabled: true,
        version: live.head.version,
        signIn: document.value.signIn,
      }
    : null
  known.delete(slug)
  known.set(slug, { route, until: now() + (route ? knownForMs : unknownForMs) })
  const oldest = known.keys().next()
  if (known.size > keptRoutes && !oldest.done) known.delete(oldest.value)
  return route
}
