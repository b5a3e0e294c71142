import type { JsonObject } from './json.ts'
import type { Refusal } from './result.ts'
import type { ToolOutput } from './tool.ts'

/** What the client said about itself in this request. Unverified: shapes answers, never decides. */
export type ClientFeatures = {
  era: 'modern' | 'legacy'
  protocolVersion: string
  clientName?: string
  elicitationUrl: boolean
  /** The client's declared capabilities, for upstreams that ask through us. */
  capabilities: JsonObject
  /** Id of a legacy client's protocol session. One that `endConversation` ended is refused with `session/unknown`. */
  conversation?: string
  /** The client was told that there is a log, or asks for it. */
  logs?: boolean
}

/** How long a legacy client may keep its protocol session. The id says when it began. */
export const conversationLifeMs = 30 * 24 * 3_600_000

export type Progress = { progress: number; total?: number; message?: string }

/** What we put into `requestState`, sealed by `mcp` and bound to the principal, the method and the arguments. */
export type ResumeState = {
  callId: string
  /** Which wait it was. */
  wait: 'authorization' | 'account' | 'approval' | 'upstream'
  /** The account that the person chose when this call asked. It counts for the rest of this call and no longer. */
  account?: string
  /** The approval, for `approval`. */
  approval?: string
  /** The upstream's own opaque state, for `upstream`. */
  upstream?: string
  held?: Held
}

/**
 * Where work goes on that waits for input or was left: `memory` of the session's object, gone when that is; at the `server`, as
 * a task of its own. Absent: nowhere, the retry begins it.
 */
export type Held = 'memory' | 'server'

/** A retry of a call that answered `input_required`: what the user did, and our own state, opened and checked by `mcp`. */
export type Resumed = { responses: JsonObject; state: ResumeState }

/** SEP-2663, for MCP 2026-07-28. */
export const tasksExtension = 'io.modelcontextprotocol/tasks'

/** SEP-1865, and the kind of page that it is about. */
export const uiExtension = 'io.modelcontextprotocol/ui'
export const uiPages = 'text/html;profile=mcp-app'

/** A call that goes on after it was answered with a handle. Times are epoch ms. */
export type TaskState = {
  id: string
  status: 'working' | 'input_required' | 'ended'
  createdAt: number
  updatedAt: number
  /** Counted from `createdAt`. */
  ttlMs: number
  pollIntervalMs: number
  /** What the tool last said about its progress. */
  message?: string
  /** `input_required`: what is asked and not answered yet. A key is never used twice. */
  requests?: JsonObject
  /** `ended`: what the call would have answered. */
  reply?: Exclude<CallReply, { kind: 'input_required' }>
}

export type TaskReply = { ok: true; task: TaskState } | { ok: false; error: Refusal }

export type CallReply =
  | { kind: 'output'; callId: string; output: ToolOutput }
  | { kind: 'refused'; callId: string; error: Refusal; resume?: ResumeState }
  | { kind: 'input_required'; callId: string; requests: JsonObject; resume: ResumeState }
