import type { Held, Progress } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import type { LogEntry, LogLevel } from '../core/log-entry.ts'
import type { Result } from '../core/result.ts'

/** An MCP server as a gateway's snapshot carries it. Plain data, no credential. */
export type UpstreamTarget = {
  id: string
  url: string
  /** What the first contact found out. Null: found out by the first call, and kept as long as the session lives. */
  discovered: Discovered | null
  /** For one call, from sending it to its last word; progress starts it anew. Default 60,000. */
  timeoutMs?: number
  /** Default 5 MiB for one answer. */
  maxBytes?: number
}

/** How the server speaks, found out once and remembered (facts: eras of MCP, 2024-11-05 to 2026-07-28). */
export type Discovered = {
  transport: 'http' | 'sse'
  era: 'modern' | 'legacy'
  /** Modern: its `server/discover` result, so that a new session needs no handshake. */
  discover?: JsonObject
  capabilities: JsonObject
  serverName?: string
  instructions?: string
  at: number
}

/**
 * How a request proves who sends it. Made for this upstream by `runtime` from a lease or from secrets; nothing of what the
 * client sent is in it. `key` tells connections apart and is not secret: the connection's id, say. It stays the same when the
 * token behind it is renewed, so that a session at the upstream outlives its token.
 */
export type UpstreamCredential = { key: string; headers: Readonly<Record<string, string>> }

export type UpstreamMethod = 'tools/call' | 'prompts/get' | 'resources/read' | 'completion/complete'

export type UpstreamRequest = {
  method: UpstreamMethod
  /** As in the MCP schema, with the upstream's own names; `_meta` of the client is not part of it. */
  params: JsonObject
  credential: UpstreamCredential
  /** What our client can be asked for (elicitation, sampling, roots). Narrowed to these; nothing else is declared. */
  capabilities: JsonObject
  /** The admitted input schema, for `x-mcp-header` parameters (tools/call only). */
  inputSchema?: JsonObject
  /**
   * It may be sent again after a lost connection or HTTP 502, 503 or 504: the administrator calls the tool read-only or
   * idempotent.
   */
  repeatable?: boolean
  trace?: { traceparent?: string; tracestate?: string }
  onProgress?: (progress: Progress) => void
  /** `notifications/message` of the upstream, while the call runs. */
  onLog?: (entry: JsonObject) => void
  /**
   * The server made a task of it: the answer will take a while (SEP-2663). `state` is for `resume`, should whoever waits for the
   * answer be gone before it comes.
   */
  onTask?: (state: string) => void
  /** Our client cannot take a task. From a server that answers with nothing else, one is taken in its place and waited for. */
  waits?: boolean
  /** A tool that 2025-11-25 servers run as a task and not otherwise. */
  asTask?: boolean
  /** 2026-07-28: from which level on the upstream may log. */
  logLevel?: string
  signal?: AbortSignal
  /** The second leg of a request that answered `input_required`. */
  resume?: { responses: JsonObject; state: string }
}

export type UpstreamReply =
  | { kind: 'result'; result: JsonObject }
  /** `state` comes back unchanged in `resume`. It must be sealed before it leaves us. */
  | { kind: 'input_required'; requests: JsonObject; state: string; held?: Held }

/** Something an upstream told us outside of a call. */
export type UpstreamNotice =
  | { kind: 'changed'; upstream: string; what: 'tools' | 'prompts' | 'resources' }
  | { kind: 'resource_updated'; upstream: string; uri: string }
  /** It logged something that belongs to no call (MCP before 2026-07-28, which has no such log). */
  | { kind: 'logged'; upstream: string; entry: LogEntry }
  /** Nothing more will be heard: the stream was lost or the connection closed. Listen again if it is still wanted. */
  | { kind: 'ended'; upstream: string }

/**
 * The connections of one Session object: made when first needed, kept in memory, one per upstream and credential.
 * Plain values in and out.
 *
 * Refusals: `upstream/unavailable` (circuit open, connection lost), `upstream/failed` (it broke the protocol or answered with
 * an error), `upstream/invalid_params` (it refused the parameters), `upstream/authorization_needed` (401, or 403 with
 * `insufficient_scope`: `evidence.challenge` holds `scope` and `resourceMetadata`), `runtime/cancelled`, and those of egress.
 */
export type Upstreams = {
  request(target: UpstreamTarget, request: UpstreamRequest): Promise<Result<UpstreamReply>>
  /** Every page of a list, for pins and for prompts and resources that are not pinned. */
  list(target: UpstreamTarget, what: ListKind, credential: UpstreamCredential): Promise<Result<JsonObject[]>>
  /** First contact: finds out how the server speaks. */
  discover(target: UpstreamTarget, credential: UpstreamCredential): Promise<Result<Discovered>>
  /**
   * Begins to hear about changes: of lists, of single resources, or both. The returned function ends it. Only what was asked
   * for is told, whatever else the server sends. Refused where the server has none to tell.
   */
  listen(
    target: UpstreamTarget,
    credential: UpstreamCredential,
    subscribe: Subscribed,
    onNotice: (notice: UpstreamNotice) => void,
  ): Promise<Result<() => Promise<void>>>
  /** Ends connections: of one upstream, of one credential key, or all. */
  close(which?: { upstream?: string; credential?: string }): Promise<void>
}

export type Subscribed = {
  lists?: boolean
  resources?: readonly string[]
  /** What the server logs outside of calls, from this level on. Nothing comes from a server of 2026-07-28. */
  log?: LogLevel
}

export type ListKind = 'tools' | 'prompts' | 'resources' | 'resourceTemplates'
