import type { CallReply, ResumeState } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import type { Refusal, Result } from '../core/result.ts'
import { ok, refuse, withoutEvidence } from '../core/result.ts'
import type { Tool } from '../core/tool.ts'
import type { Charge, Decision, Question } from '../policy/policy.ts'
import type { Lease } from '../vault/vault.ts'
import { CallNotices } from './call-notices.ts'
import { chosenAccount } from './chosen-account.ts'
import type { CallScreen, RecordEntry, RunReply, Runtime, ToolCall } from './ports.ts'

/**
 * One call's way into the record. Every exit of `callTool` goes through one of its methods, so that none is forgotten:
 * a refusal before the tool ran is one event; a run is an intent and an outcome.
 */
export class CallRecord {
  tool: Tool | null = null
  lease: Lease | null = null
  approvals: readonly string[] = []
  readonly #call: ToolCall
  readonly #use: Runtime
  readonly #startedAt: number
  #decision: Decision | null = null
  #question: Question | null = null
  #revision = -1
  #notices: CallNotices | null = null
  /** Where the time went, and what the service said: `behalf.*_ms`, `behalf.attempts`, `http.response.status_code`. */
  readonly #seen: JsonObject = {}

  constructor(call: ToolCall, use: Runtime) {
    this.#call = call
    this.#use = use
    this.#startedAt = use.now()
  }

  /** Times a wait for somebody else. What is left of a call's time is ours. */
  async timed<T>(part: 'credential' | 'upstream', work: Promise<T>): Promise<T> {
    const from = this.#use.now()
    try {
      return await work
    } finally {
      const ms = this.#use.now() - from
      // A tool that needs no credential waited for none.
      if (ms > 0 || part === 'upstream' || this.tool?.authorization) this.#seen[`behalf.${part}_ms`] = ms
    }
  }

  /** What the service behind the tool answered, the last time counts. */
  readonly saw = (facts: JsonObject): void => void Object.assign(this.#seen, facts)

  decide(question: Question): Decision {
    this.#question = question
    this.#revision = this.#use.facts.revision
    this.#decision = this.#use.gateway.decide(question, this.#use.now())
    return this.#decision
  }

  /**
   * Another call of the session may have begun since the last decision, which waited for the vault, an approval or the Hub.
   * Nothing is awaited between this and `intent`, so of two calls that exclude each other one runs. The budgets are taken
   * already, so they are left out.
   */
  decideAgain(): Decision {
    if (!this.#question || !this.#decision) throw new Error('decided again before it was decided')
    if (this.#revision === this.#use.facts.revision) return this.#decision
    const session = { ...this.#use.facts.read(), spent: {} }
    return this.decide({ ...this.#question, session })
  }

  async takenBack(decision: Decision, charges: readonly Charge[]): Promise<CallReply> {
    await this.#use.facts.refund(charges)
    return this.denied(decision)
  }

  refused(error: Refusal): CallReply {
    const approval = error.evidence?.['approval']
    if (typeof approval === 'string') this.approvals = [approval]
    this.#use.record.refused(this.#call, this.#entry({ refusal: error }))
    return this.#refusal(error)
  }

  denied(decision: Decision): CallReply {
    return this.refused(this.denial(decision))
  }

  /** A budget or a silent decision point may be told: the tool is on the agent's list. Anything else looks like an unknown tool. */
  denial(decision: Decision): Refusal {
    const evidence = { rules: decision.rules }
    const help = decision.help === undefined ? {} : { help: { text: decision.help } }
    if (decision.refusal === 'undecided') return { code: 'policy/undecided', evidence, ...help }
    if (decision.refusal !== 'limit_reached') return { code: 'policy/denied', evidence, ...help }
    const retryAfterMs = decision.resetsAt === undefined ? undefined : Math.max(0, decision.resetsAt - this.#use.now())
    return { code: 'policy/limit_reached', evidence, ...help, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
  }

  /** Promise 1: durable before the call leaves. The write is held by the object's output gate until it is on disk. */
  intent(): Result<null> {
    const { record, facts } = this.#use
    try {
      record.intent(this.#call, this.#entry({}))
      const remember = this.#use.gateway.remember(this.#question?.arguments ?? {})
      if (this.tool) facts.begin(this.#call, this.tool, this.#startedAt, remember)
      return ok(null)
    } catch (cause) {
      return refuse('runtime/not_recorded', { evidence: { cause: String(cause) } })
    }
  }

  async unrecorded(error: Refusal, charges: readonly Charge[]): Promise<CallReply> {
    await this.#use.facts.refund(charges)
    return { kind: 'refused', callId: this.#call.id, error: withoutEvidence(error) }
  }

  failed(error: Refusal): CallReply {
    this.#use.facts.end(this.#call, 'failed')
    this.#use.record.outcome(this.#call, this.#entry({ refusal: error }))
    // A server that wants more scopes says so only now: the person is asked as if it had been known before.
    return this.#refusal(error)
  }

  #refusal(error: Refusal): CallReply {
    const wait = waits[error.code]
    const resume = wait ? this.#resume({ wait }) : null
    return { kind: 'refused', callId: this.#call.id, error: withoutEvidence(error), ...(resume ? { resume } : {}) }
  }

  #resume(state: Pick<ResumeState, 'wait' | 'upstream' | 'held'>): ResumeState {
    const account = chosenAccount(this.#call)
    return { callId: this.#call.id, ...state, ...(account === undefined ? {} : { account }) }
  }

  /** What the server says while it runs reaches the agent before its result does, and so does the taint. */
  watched(call: ToolCall, screen: CallScreen): ToolCall {
    if (!call.onProgress && !call.onLog) return call
    const screened = screen.streams(call, (labels) => this.#use.facts.taint(labels, this.#use.now()))
    this.#notices = new CallNotices(screened, this.#use.now)
    return this.#notices.watched
  }

  /** Nothing more comes before the answer. */
  heard(): void {
    const leftOut = this.#notices?.end() ?? 0
    if (leftOut > 0) this.saw({ 'behalf.notices_left_out': leftOut })
  }

  /** The server behind the tool asks for something first. What it asked and its state go back to the client, sealed. */
  waiting(
    { requests, state, held, details }: Extract<RunReply, { kind: 'input_required' }>,
    screen: CallScreen,
  ): CallReply {
    const shown = screen.requests(requests)
    this.#use.facts.end(this.#call, 'failed')
    this.#outcome({ details: { ...details, waitingFor: 'input' } }, screen, shown.withheld)
    if (shown.withheld) return this.#withheld()
    const resume = this.#resume({ wait: 'upstream', upstream: state, ...(held ? { held } : {}) })
    return { kind: 'input_required', callId: this.#call.id, requests: shown.requests, resume }
  }

  done({ output, details }: Extract<RunReply, { kind: 'output' }>, screen: CallScreen): CallReply {
    const shown = screen.output(output)
    this.#use.facts.end(this.#call, output.isError ? 'failed' : 'done')
    const kept = shown.withheld ? {} : { output: shown.output }
    this.#outcome({ ...kept, ...(details ? { details } : {}) }, screen, shown.withheld)
    return shown.withheld ? this.#withheld() : { kind: 'output', callId: this.#call.id, output: shown.output }
  }

  #outcome(more: Partial<RecordEntry>, { taint, findings }: CallScreen, withheld: boolean): void {
    if (taint.length > 0) this.#use.facts.taint(taint, this.#use.now())
    const screened = taint.length > 0 || findings.length > 0 ? { screened: { taint, findings, withheld } } : {}
    this.#use.record.outcome(this.#call, this.#entry({ ...more, ...screened }))
  }

  /** The tool ran: a step of the session it is, and calling again would run it again. */
  #withheld(): CallReply {
    return { kind: 'refused', callId: this.#call.id, error: { code: 'screening/withheld' } }
  }

  #entry(more: Partial<RecordEntry>): RecordEntry {
    return {
      tool: this.tool,
      decision: this.#decision,
      version: this.#use.gateway.version,
      ...(this.lease ? { lease: this.lease } : {}),
      ...(this.approvals.length > 0 ? { approvals: this.approvals } : {}),
      startedAt: this.#startedAt,
      at: this.#use.now(),
      ...more,
      details: { ...this.#seen, ...more.details },
    }
  }
}

const waits: Partial<Record<Refusal['code'], ResumeState['wait']>> = {
  'vault/authorization_needed': 'authorization',
  'vault/account_ambiguous': 'account',
  'upstream/authorization_needed': 'authorization',
  'policy/approval_required': 'approval',
}
