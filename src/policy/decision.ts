import type { Agent, User } from '../core/caller.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { Behaviour } from '../core/tool.ts'

/** What happened in a session so far, as rules may ask about it. Built by the session, plain data. */
export type SessionFacts = {
  startedAt: number
  /** When the person last signed in. */
  authenticatedAt: number
  /** Oldest first. The session keeps the last 1,000. */
  steps: readonly Step[]
  /** How many older steps are no longer in `steps`. A rule that would have to know them then errs, and so denies. */
  forgottenSteps?: number
  /** Labels such as `untrusted:tool`, `untrusted:content`, `secret`. Once set, they stay until the session ends. */
  taint: readonly string[]
  /** Amounts already charged, by `Charge.key`. */
  spent: Readonly<Record<string, number>>
}

export type Step = {
  tool: string
  behaviour: Behaviour
  at: number
  outcome: 'running' | 'done' | 'failed'
  task?: string
  /** Arguments as called, so that rules can count by value. */
  arguments?: JsonObject
}

/** May this agent do this for this person, through this gateway, now? `arguments: null` asks "with any arguments?" (lists). */
export type Question = {
  /** What is asked for. Default `tool`. A resource's name is its URI. */
  kind?: Kind
  gateway: string
  user: User
  agent: Agent
  tool: {
    name: string
    toolkit: string | null
    upstream: string | null
    behaviour: Behaviour
    scopes: readonly string[]
  }
  arguments: JsonObject | null
  /** The connection that would be used, when it is known. */
  connection?: { provider: string; account: string; scopes: readonly string[]; createdAt: number }
  session: SessionFacts
  task?: string
  clientAddress?: string
  /** False: the gateway does not offer it. Default true, because the runtime asks after it found the tool. */
  offered?: boolean
  /** Approve rules whose demand was met, for exactly these arguments (`approvalKey`). Their demand falls away. */
  approved?: readonly string[]
  /** What the company's own decision point said. Absent: none is asked. Anything but `permit` denies. */
  external?: External
}

export type Kind = 'tool' | 'resource' | 'prompt'

/** `reason`: a word of ours, such as `pdp_unavailable`. `detail`: for administrators; it may be the decision point's own text. */
export type External = {
  decision: 'permit' | 'deny' | 'unavailable' | 'invalid'
  source?: string
  reason?: string
  detail?: string
}

/** One amount to take from one budget before the call runs. The session (or the Hub, for shared keys) takes it atomically. */
export type Charge = {
  rule: string
  /** Includes the rule, the dimension's value and, for windows, the window's number. */
  key: string
  amount: number
  max: number
  /** `session`: counted in the session. `gateway`: counted in the gateway's Hub, the one writer across sessions. */
  scope: 'session' | 'gateway'
  /** When the window ends and the counter may be forgotten; null: with the session. */
  resetsAt: number | null
}

export type ApprovalDemand = {
  rule: string
  /** Who may approve. `self`: the person the call is for, as a plain confirmation. */
  approvers: { self: boolean; manager: boolean; groups: string[]; users: string[] }
  /** The requester may never be the approver. */
  notRequester: boolean
  validMs: number
}

/** Why, one part of the conjunction. Every decision carries all of them. */
export type Term = {
  name: 'gateway' | 'user' | 'agent' | 'forbid' | 'scopes' | 'limits' | 'approval' | 'external'
  holds: boolean
  /** The rules that spoke, with the clause that decided and what it saw. For the record and for administrators only. */
  because: readonly Reason[]
}

export type Reason = {
  rule: string | null
  effect: 'permit' | 'forbid' | 'approve' | 'limit' | null
  outcome: 'matched' | 'not_matched' | 'error' | 'unknown'
  clause?: string
  expected?: Json
  actual?: Json
}

export type Decision = {
  effect: 'permit' | 'deny' | 'approve'
  /** The policy version that decided. */
  version: string
  terms: readonly Term[]
  /** Ids of the rules that determined the effect. */
  rules: readonly string[]
  charges: readonly Charge[]
  /** The first demand that is not met yet. Several rules may demand one each; they are asked for one after the other. */
  approval?: ApprovalDemand
  /** With `deny`: whether the agent may be told more than that it does not exist. */
  refusal?: RefusalKind
  /** What the administrator lets the agent know, where the tool is on its list anyway. */
  help?: string
  /** With a reached limit: when the counter starts again. */
  resetsAt?: number
}

/**
 * `connection_needed`: only what is not known of the connection is in the way. Lease it and decide again.
 * `denied`: looks like an unknown tool. `limit_reached`: only a budget is in the way. `scopes_missing`: only the
 * connection's scopes are in the way, so the person can be asked to grant more. `undecided`: only that the company's decision
 * point gave no answer that counts.
 */
export type RefusalKind = 'denied' | 'limit_reached' | 'scopes_missing' | 'connection_needed' | 'undecided'
