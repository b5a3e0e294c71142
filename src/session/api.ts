import type { Caller } from '../core/caller.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { Refusal } from '../core/result.ts'
import type { Tool, ToolOutput } from '../core/tool.ts'

/** What the client said about itself in this request. Unverified: shapes answers, never decides. */
export type ClientFeatures = {
  era: 'modern' | 'legacy'
  protocolVersion: string
  clientName?: string
  elicitationUrl: boolean
  /** The client's declared capabilities, for upstreams that ask through us. */
  capabilities: JsonObject
}

export type CallRequest = {
  caller: Caller
  features: ClientFeatures
  name: string
  arguments: JsonObject
  /** `_meta["behalf.dev/task"]` */
  task?: string
  /** W3C trace context from `_meta`. */
  traceparent?: string
  tracestate?: string
  /** A retry of a call that answered `input_required`: what the user did, and our own state, opened and checked by `mcp`. */
  resumed?: { responses: JsonObject; state: ResumeState }
  /** Called with progress while the tool runs. Absent when the client gave no progress token. */
  onProgress?: (progress: Progress) => Promise<void> | void
  /** Lets `cancelCall` find it. Random, made by `mcp`. */
  cancelKey?: string
}

export type Progress = { progress: number; total?: number; message?: string }

/** What we put into `requestState`, sealed by `mcp` and bound to the principal, the method and the arguments. */
export type ResumeState = {
  callId: string
  /** Which wait it was. */
  wait: 'authorization' | 'approval' | 'upstream'
  /** The approval, for `approval`. */
  approval?: string
  /** The upstream's own opaque state, for `upstream`. */
  upstream?: string
}

export type CallReply =
  | { kind: 'output'; callId: string; output: ToolOutput }
  | { kind: 'refused'; callId: string; error: Refusal; resume?: ResumeState }
  | { kind: 'input_required'; callId: string; requests: JsonObject; resume: ResumeState }

export type ListRequest = { caller: Caller; features: ClientFeatures; cursor?: string }
export type ListReply =
  | { ok: true; tools: Tool[]; nextCursor?: string; version: number }
  | { ok: false; error: Refusal }

export type AboutReply =
  | { ok: true; name: string; title: string; instructions: string; version: number; features: GatewayFeatures }
  | { ok: false; error: Refusal }

export type GatewayFeatures = { tools: boolean; prompts: boolean; resources: boolean; completions: boolean }

/** What `mcp` may ask of a Session object. Everything else on the object is `#private` or for the Hub and the Vault. */
export type SessionApi = {
  about(caller: Caller): Promise<AboutReply>
  callTool(request: CallRequest): Promise<CallReply>
  cancelCall(cancelKey: string, caller: Caller): Promise<void>
  listTools(request: ListRequest): Promise<ListReply>
}

/** What the Hub and the Vault may tell a session. */
export type SessionControl = {
  /** A newer snapshot is live. Returns once it is in force, so that `publish` can wait for it (promise 7). */
  snapshotChanged(version: number): Promise<void>
  /** Kill switch, offboarding, revoked grant. Final. */
  end(reason: string): Promise<void>
  /** Forget leases of these connections; `null`: all. */
  recallLeases(connections: string[] | null): Promise<void>
}

export type { Json }
