import type { Caller } from '../core/caller.ts'
import type { CallReply, ClientFeatures, Progress, Resumed, ResumeState } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import type { Refusal } from '../core/result.ts'
import type { Tool } from '../core/tool.ts'

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
  resumed?: Resumed
  /** Called with progress while the tool runs. Absent when the client gave no progress token. */
  onProgress?: (progress: Progress) => Promise<void> | void
  /** What the server behind the tool logs meanwhile. Absent when the client does not want to know. */
  onLog?: (entry: JsonObject) => Promise<void> | void
  /** From which level on (MCP 2026-07-28 `_meta`, or the legacy conversation's). */
  logLevel?: string
  /** Lets `cancelCall` find it. Random, made by `mcp`. */
  cancelKey?: string
}

export type ListRequest = {
  caller: Caller
  features: ClientFeatures
  cursor?: string
  /** The `mark` of a list that `mcp` still has: when it would be the same again, it need not be sent. */
  known?: string
}
export type ListReply =
  | {
      ok: true
      tools: Tool[]
      nextCursor?: string
      version: number
      /** Names exactly this list: equal marks, equal lists, whoever asked (a digest). Absent: it is not to be kept. */
      mark?: string
      /** It is the list that was `known`; `tools` is empty. */
      unchanged?: true
    }
  | { ok: false; error: Refusal }

export type AboutReply =
  | { ok: true; name: string; title: string; instructions: string; version: number; features: GatewayFeatures }
  | { ok: false; error: Refusal }

export type GatewayFeatures = { tools: boolean; prompts: boolean; resources: boolean; completions: boolean }

/** What `mcp` may ask of a Session object. Everything else on the object is `#private` or for the Hub and the Vault. */
export type SessionApi = {
  /** `conversation` is a legacy client's protocol session; one that was ended is refused with `session/unknown`. */
  about(caller: Caller, conversation?: string): Promise<AboutReply>
  callTool(request: CallRequest): Promise<CallReply>
  cancelCall(cancelKey: string, caller: Caller): Promise<void>
  listTools(request: ListRequest): Promise<ListReply>
}

export type ConversationApi = {
  /** A legacy client's DELETE: from now on this conversation is refused with `session/unknown`. */
  endConversation(conversation: string, caller: Caller): Promise<void>
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

export type { CallReply, ClientFeatures, Progress, Resumed, ResumeState }
