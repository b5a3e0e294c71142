import { isForModel } from '../../catalog/catalog.ts'
import type { CallReply } from '../../core/call.ts'
import { base64url, sha256 } from '../../core/bytes.ts'
import { canonicalJson, type Json, type JsonObject } from '../../core/json.ts'
import type { Refusal, Result } from '../../core/result.ts'
import { refuse, withoutEvidence } from '../../core/result.ts'
import type { Tool } from '../../core/tool.ts'
import type { Decision } from '../../policy/policy.ts'
import { callTool } from '../call-tool.ts'
import { zodFaults } from '../check-arguments.ts'
import type { Runtime, ToolCall } from '../ports.ts'
import { innerCall } from './call-tool.ts'
import type { OwnTool, OwnUse } from './own-tool.ts'
import { asTool } from './own-tool.ts'
import { ownToolNamed } from './shown-tools.ts'

/**
 * A call as a client makes it: of a tool of the gateway, of one of our own, or by `call_tool` of any of these. The last is
 * taken apart first, so that what follows is the same call whichever way it came (nothing is reachable by one door that another
 * refuses).
 */
export async function answerCall(call: ToolCall, use: Runtime, own: OwnUse): Promise<CallReply> {
  const tool = ownToolNamed(own.finding.settings, call.name)
  if (!tool) return callTool(call, use)
  if (tool.name !== 'call_tool') return runOwn(tool, call, use, own)
  const inner = innerCall(call)
  if (!inner.ok) return new OwnRecord(call, await recordedTool(tool), use).refused(inner.error)
  const found = use.gateway.find(inner.value.name)
  if (found && !isForModel(found)) return callTool(inner.value, withoutTools(use))
  return answerCall(inner.value, use, own)
}

/** As if there was none of this name: `call_tool` is the model's, and what is there for a page alone is not (SEP-1865). */
const withoutTools = (use: Runtime): Runtime => ({ ...use, gateway: { ...use.gateway, find: () => undefined } })

async function runOwn(tool: OwnTool, call: ToolCall, use: Runtime, own: OwnUse): Promise<CallReply> {
  const record = new OwnRecord(call, await recordedTool(tool), use)
  const args = tool.input.safeParse(call.arguments)
  if (!args.success) {
    const faults = zodFaults(args.error)
    return record.refused({
      code: 'runtime/invalid_arguments',
      help: { text: faults.slice(0, 2_000) },
      evidence: { faults },
    })
  }
  const intent = record.intent()
  if (!intent.ok) return { kind: 'refused', callId: call.id, error: withoutEvidence(intent.error) }
  const reply = await tool.run(args.data as JsonObject, { call, use, own })
  return reply.ok ? record.done(reply.value) : record.failed(reply.error)
}

const hashes = new WeakMap<OwnTool, Promise<string>>()

async function recordedTool(own: OwnTool): Promise<Tool> {
  const tool = asTool(own)
  let hash = hashes.get(own)
  if (!hash) hashes.set(own, (hash = sha256(canonicalJson(tool as unknown as Json)).then(base64url)))
  return { ...tool, definitionHash: await hash }
}

/** As any call is recorded. That the gateway has such a tool is the decision; no rule is asked, and it is no step of the session. */
class OwnRecord {
  readonly #call: ToolCall
  readonly #tool: Tool
  readonly #use: Runtime
  readonly #startedAt: number
  readonly #decision: Decision

  constructor(call: ToolCall, tool: Tool, use: Runtime) {
    this.#call = call
    this.#tool = tool
    this.#use = use
    this.#startedAt = use.now()
    const terms = [{ name: 'gateway', holds: true, because: [] }] as const
    this.#decision = { effect: 'permit', version: `${use.gateway.version}`, terms, rules: [], charges: [] }
  }

  refused(error: Refusal): CallReply {
    this.#use.record.refused(this.#call, this.#entry({ refusal: error }))
    return { kind: 'refused', callId: this.#call.id, error: withoutEvidence(error) }
  }

  intent(): Result<null> {
    try {
      this.#use.record.intent(this.#call, this.#entry({}))
      return { ok: true, value: null }
    } catch (cause) {
      return refuse('runtime/not_recorded', { evidence: { cause: String(cause) } })
    }
  }

  failed(error: Refusal): CallReply {
    this.#use.record.outcome(this.#call, this.#entry({ refusal: error }))
    const waits = error.code === 'vault/authorization_needed'
    return {
      kind: 'refused',
      callId: this.#call.id,
      error: withoutEvidence(error),
      ...(waits ? { resume: { callId: this.#call.id, wait: 'authorization' as const } } : {}),
    }
  }

  done(value: JsonObject): CallReply {
    const output = { content: [{ type: 'text', text: JSON.stringify(value) }], structuredContent: value }
    this.#use.record.outcome(this.#call, this.#entry({ output }))
    return { kind: 'output', callId: this.#call.id, output }
  }

  #entry(more: object) {
    const at = this.#use.now()
    const { version } = this.#use.gateway
    return { tool: this.#tool, decision: this.#decision, version, startedAt: this.#startedAt, at, ...more }
  }
}
