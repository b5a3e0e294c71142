import type { Caller } from '../core/caller.ts'
import type { CallReply, ClientFeatures, Progress, Resumed, ResumeState, TaskReply, TaskState } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import type { LogLevel } from '../core/log-entry.ts'
import type { Refusal } from '../core/result.ts'
import type { Tool } from '../core/tool.ts'

export type CallRequest = {
  caller: Caller
  features: ClientFeatures
  name: string
  arguments: JsonObject
  /** `Mcp-Param-*` headers by lower-case name (MCP 2026-07-28). Absent where the protocol has none. */
  paramHeaders?: Record<string, string>
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
  /** Called when it goes on at the server, with what it can be taken up from. Within the session only. */
  onTask?: (resume: ResumeState) => void
  /** From which level on (MCP 2026-07-28 `_meta`, or the legacy conversation's). */
  logLevel?: string
  /** Lets `cancelCall` find it. Random, made by `mcp`. */
  cancelKey?: string
}

/** A request that `mcp` itself refuses: a state that was not made for it, an answer that says no. */
export type RefusedRequest = Omit<CallRequest, 'paramHeaders' | 'onTask'> & { method: string; error: Refusal }

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

export type GatewayFeatures = {
  tools: boolean
  prompts: boolean
  resources: boolean
  completions: boolean
  /** Servers behind it tell of changes to single resources. */
  subscribe?: boolean
  /** Servers behind it log. */
  logging?: boolean
}

/** What a gateway offers beside tools. */
export type OfferMethod =
  | 'prompts/list'
  | 'prompts/get'
  | 'resources/list'
  | 'resources/templates/list'
  | 'resources/read'
  | 'resources/subscribe'
  | 'resources/unsubscribe'
  | 'completion/complete'

export type OfferRequest = Pick<
  CallRequest,
  | 'caller'
  | 'features'
  | 'task'
  | 'traceparent'
  | 'tracestate'
  | 'resumed'
  | 'onProgress'
  | 'onLog'
  | 'logLevel'
  | 'cancelKey'
> & {
  method: OfferMethod
  /** As the client sent them, without `_meta`. */
  params: JsonObject
}

/** `result` is MCP's result shape of that method, without what only one era has (`resultType`, `ttlMs`, `cacheScope`). */
export type OfferReply = { kind: 'result'; callId: string; result: JsonObject } | Exclude<CallReply, { kind: 'output' }>

/** What `mcp` may ask of a Session object. Everything else on the object is `#private` or for the Hub and the Vault. */
export type SessionApi = {
  /** `conversation` is a legacy client's protocol session; one that was ended is refused with `session/unknown`. */
  about(caller: Caller, conversation?: string): Promise<AboutReply>
  callTool(request: CallRequest): Promise<CallReply>
  cancelCall(cancelKey: string, caller: Caller): Promise<void>
  /** Puts it on record. Nobody is told anything, nothing is run. */
  recordRefusal(request: RefusedRequest): Promise<void>
  listTools(request: ListRequest): Promise<ListReply>
}

export type OffersApi = {
  offer(request: OfferRequest): Promise<OfferReply>
}

/** A client's stream that is open and wants to hear that single resources change. */
export type WatchRequest = {
  caller: Caller
  /** Names the stream: a legacy client's conversation, or random. */
  watcher: string
  /** What it wants to hear of. Null: what its conversation subscribed to. */
  resources: string[] | null
}

export type WatchApi = {
  /**
   * Said when the stream opens and every 45 s as long as it is open. Resolves with whether there is anything to watch; updates
   * come by the gateway's changes.
   */
  keepWatching(request: WatchRequest): Promise<boolean>
  stopWatching(watcher: string): Promise<void>
}

/** For clients that take a task instead of an answer (MCP 2026-07-28, SEP-2663). A task is known to its own session only. */
export type TasksApi = {
  /** As `callTool`; a call that takes long goes on, and is asked for by its id. */
  callAsTask(request: CallRequest): Promise<CallReply | { kind: 'task'; task: TaskState }>
  /** Errors of all three: `session/unknown_task`, and those of opening the session. */
  getTask(id: string, caller: Caller): Promise<TaskReply>
  /** Answers to what a task asks. What is not asked, or was answered, is ignored. */
  updateTask(id: string, responses: JsonObject, caller: Caller): Promise<TaskReply>
  cancelTask(id: string, caller: Caller): Promise<TaskReply>
}

export type HearsLog = { level: LogLevel; upstreams: string[] }

/** What belongs to a legacy client's protocol session, which one isolate cannot know. */
export type ConversationApi = {
  /** A legacy client's DELETE: from now on this conversation is refused with `session/unknown`. */
  endConversation(conversation: string, caller: Caller): Promise<void>
  /** `logging/setLevel`: for calls of this conversation that name no level of their own, and for what is said outside of any. */
  setLogLevel(conversation: string, level: string, caller: Caller): Promise<void>
  /** A stream of this conversation is open: what is logged outside of calls goes there from the level on that it set, if it did. */
  beginHearing(conversation: string, caller: Caller): Promise<void>
  /** What it hears outside of calls: from which level on, and of which servers. Null: it set no level, or has ended. */
  hearsLog(conversation: string, caller: Caller): Promise<HearsLog | null>
  /** Waits for what the client answers to the question with this id. Null: nothing came in `timeoutMs`, or the session ended. */
  awaitAnswer(conversation: string, question: string, timeoutMs: number, caller: Caller): Promise<JsonObject | null>
  /** The client's answer, from whichever request brought it. Ignored when nobody waits for it. */
  deliverAnswer(conversation: string, question: string, answer: JsonObject, caller: Caller): Promise<void>
}

/** What the Hub and the Vault may tell a session. */
export type SessionControl = {
  /** A newer snapshot is live. Returns once it is in force, so that `publish` can wait for it (promise 7). */
  snapshotChanged(version: number): Promise<void>
  /** The directory says something else of the person or the agent. Returns once it is in force. */
  principalsChanged(): Promise<void>
  /** Kill switch, offboarding, revoked grant. Final. */
  end(reason: string): Promise<void>
  /** Forget leases of these connections; `null`: all. */
  recallLeases(connections: string[] | null): Promise<void>
  /** What a link was for is done. A legacy client that listens is told. */
  elicited(elicitation: string): Promise<void>
}

export type { CallReply, ClientFeatures, Progress, Resumed, ResumeState }
