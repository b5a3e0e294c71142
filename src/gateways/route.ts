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

type RouteUrl = Pick<URL, 'host' | 'pathname'>

/** `host`: the authority of the host form, to tell which of its two URLs a request came to. */
type Known = { route: Omit<GatewayRoute, 'resource'> | null; host: string | null; until: number }
const known = new Map<string, Known>()

/**
 * Which gateway a URL is for: `{publicUrl}/{slug}/...` or, with a base host, `https://{slug}.{baseHost}/...`. The host is
 * compared with the configuration and never believed. Warm, it reads nothing: a name is remembered for 30 s, an unknown one
 * for 5 s. That decides what a stranger is told, not what a session may do: sessions ask the Hub.
 *
 * Errors: `gateways/unknown`, the same for a gateway that does not exist, is disabled or cannot be read; `config/missing`.
 */
export async function resolveGateway(url: RouteUrl, env: Env, now: Clock = systemClock): Promise<Result<GatewayRoute>> {
  const config = readConfig(env)
  if (!config.ok) return config
  const slug = slugOf(url, config.value)
  if (slug === null) return refuse('gateways/unknown')
  const remembered = known.get(slug)
  const found = remembered && remembered.until > now() ? remembered : await look(slug, env, config.value, now)
  if (!found.route) return refuse('gateways/unknown')
  const [path = '', host = path] = found.route.resources
  return ok({ ...found.route, resource: url.host === found.host ? host : path })
}

/** After an administrator's change, for this isolate; the others follow within 30 s. */
export function forgetRoute(slug: string): void {
  known.delete(slug)
}

function slugOf(url: RouteUrl, config: Config): string | null {
  const base = baseOf(config)
  const suffix = `.${config.baseHost}`
  const byHost = config.baseHost !== null && url.host.endsWith(suffix) ? url.host.slice(0, -suffix.length) : null
  const slug = url.host === base.host ? firstSegment(url.pathname, base.path) : byHost
  return slug !== null && /^[a-z0-9-]{1,40}$/.test(slug) ? slug : null
}

const bases = new WeakMap<Config, { host: string; path: string }>()

function baseOf(config: Config): { host: string; path: string } {
  const known = bases.get(config)
  if (known) return known
  const { host, pathname } = new URL(config.publicUrl)
  const base = { host, path: pathname.replace(/\/$/, '') }
  bases.set(config, base)
  return base
}

function firstSegment(path: string, base: string): string | null {
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

async function look(slug: string, env: Env, config: Config, now: Clock): Promise<Known> {
  const live = await readLiveBySlug(openDb(env.DB), slug)
  const document = live && parseDocument(live.document)
  const open = live && document?.ok && live.head.enabled && document.value.enabled
  const { path, host } = urlsOf(slug, config)
  const route = open
    ? {
        resources: host === null ? [path] : [path, host],
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
  const found = { route, host: host && new URL(host).host, until: now() + (route ? knownForMs : unknownForMs) }
  known.set(slug, found)
  const oldest = known.keys().next()
  if (known.size > keptRoutes && !oldest.done) known.delete(oldest.value)
  return found
}
