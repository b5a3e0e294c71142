import type { Bindings, Rooms } from './rooms.ts'
import { Hono } from 'hono'
import { logFault } from '../core/log.ts'
import { mcpRoute } from './mcp-route.ts'
import { toResponse } from './on-error.ts'
import { placeOf } from './origin.ts'
import { secured } from './security-headers.ts'

export type App = { fetch: (request: Request, env: Env, context: ExecutionContext) => Promise<Response> }

/** The site map: every URL of this deployment. */
export function createApp(rooms: Rooms): App {
  const app = new Hono<Bindings>()

  app.all('/:gateway/mcp', (c) => mcpRoute(rooms, c.req.raw, new URL(c.req.url), c.executionCtx))
  // With a base host, https://{gateway}.{base host}/mcp. The host names the gateway; at our own host there is none.
  app.all('/mcp', (c) => mcpRoute(rooms, c.req.raw, new URL(c.req.url), c.executionCtx))
  app.get('/health', (c) => c.json({ ok: true }))
  rooms.mount(app)

  app.notFound((c) => toResponse({ code: 'core/not_found' }, audienceOf(c.req.raw)))
  app.onError((fault, c) => {
    logFault('http.failed', fault, { method: c.req.method })
    return toResponse({ code: 'core/internal' }, audienceOf(c.req.raw))
  })

  // Around the router, not as its middleware: that would build every response twice.
  return {
    async fetch(request, env, context) {
      const { host } = new URL(request.url)
      const known = placeOf(host, rooms.config).kind !== 'unknown'
      const response = known ? app.fetch(request, env, context) : toResponse(unknownHost(host, rooms), { kind: 'mcp' })
      return secured(await response, rooms.config)
    },
  }
}

function unknownHost(host: string, { config }: Rooms): { code: 'gateways/unknown'; message?: string } {
  if (!config.development) return { code: 'gateways/unknown' }
  return { code: 'gateways/unknown', message: `This deployment is at ${config.publicUrl}, not at ${host}.` }
}

function audienceOf(request: Request): { kind: 'person' } | { kind: 'json' } {
  return { kind: request.headers.get('accept')?.includes('text/html') ? 'person' : 'json' }
}
