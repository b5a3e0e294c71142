import type { CallReply } from '../core/call.ts'
import type { JSONRPCRequest } from '@modelcontextprotocol/server'
import type { Bytes } from '../core/bytes.ts'
import type { Caller } from '../core/caller.ts'
import type { Clock } from '../core/clock.ts'
import type { GatewayRoute } from '../core/gateway-route.ts'
import type { Json } from '../core/json.ts'
import type { Refusal } from '../core/result.ts'
import type { Timer } from '../core/timer.ts'
import type { ConversationApi, ListReply, OffersApi, SessionApi, TasksApi } from '../session/session.ts'
import type { ChangeFeed } from './change-feed.ts'

/** One HTTP request at a gateway's MCP URL, after the caller is known. Nothing in it outlives the request. */
export type Turn = {
  request: Request
  /** The parsed body of a POST; undefined for the other methods. */
  body: Json | undefined
  caller: Caller
  gateway: Pick<GatewayRoute, 'slug' | 'title' | 'version'>
  session: SessionApi & ConversationApi & OffersApi & TasksApi
  changes: ChangeFeed
  /** Seals session ids and request states. */
  stateKey: Bytes
  now: Clock
  timer: Timer
  /** Lets a record be written although the client has gone. */
  waitUntil: (work: Promise<unknown>) => void
  /**
   * Set when the session refuses the caller as such (signed out, cut off, unknown conversation): the answer is then an
   * HTTP status, not a result inside a 200.
   */
  refused?: Refusal
  /** What was asked of the session already, when the answer is not one the quick lane can write. `asks`: it is a question. */
  made?: { call?: Promise<CallReply>; list?: Promise<ListReply>; asks?: boolean }
  /** Sends a legacy client a request of ours, on the stream of the request it belongs to. */
  push?: (message: JSONRPCRequest, relatedTo: string | number) => Promise<void>
}
