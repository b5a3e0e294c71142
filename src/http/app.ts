import type { Bindings, Rooms } from './rooms.ts'
import { Hono } from 'hono'
import { logFault } from '../core/log.ts'
import { audienceOf } from './audience.ts'
import { frontPage } from './front-page.ts'
import { mcpRoute } from './mcp-route.ts'
import { toResponse } from './on-error.ts'
import { placesOf } from './origin.ts'
import { readUrl } from './request-url.ts'
import { secured } from './security-headers.ts'

export type App = { fetch: (request: Request, env: Env, context: ExecutionContext) => Promise<Response> }

/** `/{gateway}/mcp`, and `/mcp` at a gateway's own host; at the deployment's host that is no gateway. */
const mcpUrl = /^(\/[^/]+)?\/mcp$/

/**
 * The site map: every URL of this deployment. MCP is answered before the router is asked, and the headers that every answer
 * carries are set after it: as a route and a middleware the same costs twice as much for each call.
 */
export function createApp(rooms: Rooms): App {
  const place = placesOf(rooms.config)
  const router = createRouter(rooms)
  return {
    async fetch(request, env, context) {
      const url = readUrl(request.url)
      try {
        if (place(url.host) === 'unknown') return secured(await unknownHost(url.host, rooms), rooms.config)
        const answer = mcpUrl.test(url.pathname)
          ? mcpRoute(rooms, request, url, context)
          : router.fetch(request, env, context)
        return secured(await answer, rooms.config)
      } catch (fault) {
        logFault('http.failed', fault, { method: request.method })
        return secured(await toResponse({ code: 'core/internal' }, audienceOf(request)), rooms.config)
      }
    },
  }
}

function createRouter(rooms: Rooms): Hono<Bindings> {
  const router = new Hono<Bindings>()
  router.get('/health', (c) => c.json({ ok: true }))
  router.get('/', (c) => {
    const audience = audienceOf(c.req.raw)
    return audience.kind === 'person' ? frontPage() : toResponse({ code: 'core/not_found' }, audience)
  })
  rooms.mount(router)
  router.notFound((c) => toResponse({ code: 'core/not_found' }, audienceOf(c.req.raw)))
  router.onError((fault) => {
    throw fault
  })
  return router
}

function unknownHost(host: string, { config }: Rooms): Response | Promise<Response> {
  const { development, publicUrl } = config
  const message = development && { message: `This deployment is at ${publicUrl}, not at ${host}.` }
  return toResponse({ code: 'gateways/unknown', ...message }, { kind: 'mcp' })
}
