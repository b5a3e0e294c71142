import type { CallReply } from '../core/call.ts'
import { CallRecord } from './call-record.ts'
import { withChosenAccount } from './chosen-account.ts'
import { checkArguments } from './check-arguments.ts'
import { settleDecision } from './settle-decision.ts'
import type { Runtime, ToolCall } from './ports.ts'
import { findTool, questionFor } from './question.ts'

/**
 * One governed tool call. These steps, in this order; every exit is recorded.
 *
 * A tool that no arguments could make permitted is treated as unknown before its arguments are looked at: an argument
 * error would tell that it exists (promise 5).
 */
export async function callTool(asked: ToolCall, live: Runtime): Promise<CallReply> {
  // A version that is published meanwhile is for the next call.
  const use = { ...live }
  const call = withChosenAccount(asked, use.gateway)
  const record = new CallRecord(call, use)

  const tool = findTool(call, use)
  if (!tool.ok) return record.refused(tool.error)
  record.tool = tool.value

  const args = checkArguments(tool.value, call)
  if (!args.ok) return record.refused(args.error)

  const decision = record.decide(questionFor(call, tool.value, args.value, use))
  if (decision.effect === 'deny' && decision.refusal !== 'connection_needed') return record.denied(decision)

  const credential = await record.timed('credential', use.credentials.lease(call, tool.value))
  if (!credential.ok) return record.refused(credential.error)
  record.lease = credential.value

  const settled = await settleDecision(decision, { call, tool: tool.value, args: args.value, record, use })
  if (!settled.ok) return record.refused(settled.error)

  const last = record.decideAgain()
  if (last.effect === 'deny') return record.takenBack(last, settled.value.charges)

  const intent = record.intent()
  if (!intent.ok) return record.unrecorded(intent.error, settled.value.charges)

  const screen = use.screen(use.gateway.screening(tool.value, call.about?.kind), call)
  const watched = record.watched(call, screen)
  const run = use.runner.run(watched, tool.value, args.value, credential.value, record.saw)
  const reply = await record.timed('upstream', run)
  record.heard()
  if (!reply.ok) return record.failed(reply.error)
  if (reply.value.kind === 'input_required') return record.waiting(reply.value, screen)

  return record.done(reply.value, screen)
}
