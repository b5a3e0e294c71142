import type { RequestUrl } from './request-url.ts'
import type { Hono } from 'hono'
import type { Config } from '../config/config.ts'
import type { Caller } from '../core/caller.ts'
import type { Clock } from '../core/clock.ts'
import type { GatewayRoute } from '../core/gateway-route.ts'
import type { Refusal, Result } from '../core/result.ts'
import type { ChangeFeed, Turn } from '../mcp/mcp.ts'

export type Bindings = { Bindings: Env }

/** What the front needs of the other rooms. `http.ts` fills it from the Worker's bindings, tests with their own. */
export type Rooms = {
  config: Config
  now: Clock
  /** Null: no such gateway. A gateway that is switched off is found, with `enabled: false`. */
  resolveGateway: (url: RequestUrl) => Promise<GatewayRoute | null>
  /** Errors: `identity/unauthenticated`, `identity/forbidden`, `core/bad_request`. */
  identify: (request: Request, gateway: GatewayRoute) => Promise<Result<Caller>>
  /** The `WWW-Authenticate` of a 401 or 403 (RFC 9728 §5.1). */
  challenge: (gateway: GatewayRoute, refusal: Refusal) => string
  /** Within an object: a promise for the stub itself would ask it, as any RPC target, for a method `then`. */
  session: (caller: Caller) => Promise<Pick<Turn, 'session'>>
  changes: ChangeFeed
  /** Adds the URLs of the other rooms. */
  mount: (app: Hono<Bindings>) => void
}
