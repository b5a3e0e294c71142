import type { ClientFeatures, Held, Progress, Resumed } from '../core/call.ts'
import type { Caller } from '../core/caller.ts'
import type { Clock } from '../core/clock.ts'
import type { CallId } from '../core/ids.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { OfferedPrompt, OfferedResource, OfferedTemplate } from '../core/offered.ts'
import type { Refused, Result } from '../core/result.ts'
import type { Tool, ToolOutput } from '../core/tool.ts'
import type { ApprovalDemand, Charge, Decision, External, Kind, Question, SessionFacts } from '../policy/policy.ts'
import type { DecisionPointSettings } from '../gateways/gateways.ts'
import type { Plan } from '../screening/screening.ts'
import type { Lease } from '../vault/vault.ts'

/** One call as it reaches the runtime: who, what, with which arguments, and what it resumes. */
export type ToolCall = {
  id: CallId
  caller: Caller
  features: ClientFeatures
  name: string
  arguments: JsonObject
  paramHeaders?: Readonly<Record<string, string>>
  task?: string
  traceparent?: string
  tracestate?: string
  resumed?: Resumed
  signal: AbortSignal
  onProgress?: (progress: Progress) => void
  /** What the server behind the tool logs while it runs. */
  onLog?: (entry: JsonObject) => void
  logLevel?: string
  /** It goes on at the server as a task: who waits for it need not go on waiting. `state` is for `resumed`. */
  onTask?: (state: string) => void
  /** Not a tool: a prompt, a resource or a completion, with the parameters as the client sent them. */
  about?: { method: 'prompts/get' | 'resources/read' | 'completion/complete'; kind: Kind; params: JsonObject }
}

/** The session's memory of what was done. What decides is taken in one turn: nothing interleaves. */
export type Facts = {
  read(): SessionFacts
  /** Grows with every change. */
  readonly revision: number
  /** Takes all charges of the session or none. Charges of the gateway go to its Hub, the one writer across sessions. */
  charge(charges: readonly Charge[]): Promise<Result<null>>
  refund(charges: readonly Charge[]): Promise<void>
  /** `remember`: the arguments that rules may ask about later. */
  begin(call: ToolCall, tool: Tool, at: number, remember?: JsonObject): void
  end(call: ToolCall, outcome: 'done' | 'failed'): void
  taint(labels: readonly string[], at: number): void
}

/** The record. `intent` is stored before anything leaves; it throws when it cannot be. */
export type Recorder = {
  refused(call: ToolCall, entry: RecordEntry): void
  intent(call: ToolCall, entry: RecordEntry): void
  outcome(call: ToolCall, entry: RecordEntry): void
}

export type RecordEntry = {
  tool: Tool | null
  decision: Decision | null
  /** Of the gateway, when the call began. */
  version: number
  lease?: Lease
  refusal?: Refused['error']
  output?: ToolOutput
  /** Upstream status, attempts, timings. */
  details?: JsonObject
  /** What was found in what came back, and which labels that gave the session. */
  screened?: { findings: readonly Json[]; taint: readonly string[]; withheld: boolean }
  /** Ids of the approvals that it waits for, or that were spent on it. */
  approvals?: readonly string[]
  startedAt: number
  at: number
}

export type Credentials = {
  /** `null`: the tool needs none. */
  lease(call: ToolCall, tool: Tool): Promise<Result<Lease | null>>
}

/** An approval somebody gave for exactly this call. It is not used up before `spend`. */
export type HeldApproval = { rule: string; key: string; id: string }

/** A call as somebody approves it: with the arguments as the tool will get them. */
export type ApprovalAsked = { call: ToolCall; tool: Tool; args: JsonObject }

export type Approvals = {
  /** `key` binds it to these arguments. Refuses while it is pending, rejected or expired; asks for it when there is none. */
  find(asked: ApprovalAsked, demand: ApprovalDemand, key: string): Promise<Result<HeldApproval>>
  /** All of them or none, in one turn: of two retries at the same moment, one runs. */
  spend(call: ToolCall, held: readonly HeldApproval[]): Result<null>
}

export type RunReply =
  | { kind: 'output'; output: ToolOutput; details?: JsonObject }
  | { kind: 'input_required'; requests: JsonObject; state: string; held?: Held; details?: JsonObject }

export type Runner = {
  /** `saw` hears what the service behind the tool answered, also when nothing comes of it: attributes for the record. */
  run(
    call: ToolCall,
    tool: Tool,
    args: JsonObject,
    lease: Lease | null,
    saw: (facts: JsonObject) => void,
  ): Promise<Result<RunReply>>
}

export type Screened = { output: ToolOutput; withheld: boolean }
export type ScreenedRequests = { requests: JsonObject; withheld: boolean }

/** Looks at everything one call brings back before anybody else does: instructions, secrets, personal data. */
export type CallScreen = {
  /** The call with its progress and log messages looked at as they come. What is clean passes at once. */
  streams(call: ToolCall, onTaint: (labels: readonly string[]) => void): ToolCall
  /** What the server behind the tool asks our client. */
  requests(requests: JsonObject): ScreenedRequests
  output(output: ToolOutput): Screened
  /** Labels for the session, so far. */
  readonly taint: readonly string[]
  /** For the record, so far. */
  readonly findings: readonly Json[]
}

export type Screen = (plan: Plan | null, call: ToolCall) => CallScreen

/** The company's own decision point. It does not throw: what goes wrong is an answer that denies. */
export type AskDecisionPoint = (at: DecisionPointSettings, question: Question, call: ToolCall) => Promise<External>

/** Everything a call needs, handed in by the Session object. */
export type Runtime = {
  now: Clock
  gateway: OfferedGateway
  facts: Facts
  record: Recorder
  credentials: Credentials
  approvals: Approvals
  askDecisionPoint: AskDecisionPoint
  runner: Runner
  screen: Screen
}

/** Prompts and resources. The functions give them in the shape in which they are governed. */
export type OfferedThings = {
  prompts: readonly OfferedPrompt[]
  resources: readonly OfferedResource[]
  templates: readonly OfferedTemplate[]
  prompt: (name: string) => Tool | undefined
  template: (uriTemplate: string) => Tool | undefined
  /** Also one that only a template knows, and a template by its own text. */
  resource: (uri: string) => Tool | undefined
}

/** The live snapshot, compiled. */
export type OfferedGateway = {
  slug: string
  version: number
  find(name: string): Tool | undefined
  tools: readonly Tool[]
  things: OfferedThings
  decide(question: Question, now: number): Decision
  couldPermit(question: Question, now: number): boolean
  /** The tool as a list shows it; null: no arguments could be permitted. */
  narrow(question: Question, tool: Tool, now: number): Tool | null
  /** Lists may change when a result taints the session. */
  readsTaint: boolean
  /** Lists may change when a call ran. */
  readsSteps: boolean
  decisionPoint: DecisionPointSettings | null
  /** What a result of it is looked through for. Null: nothing. */
  screening(tool: Tool, kind?: Kind): Plan | null
  /** What the session has to remember of these arguments for its rules. */
  remember(args: JsonObject): JsonObject | undefined
}
