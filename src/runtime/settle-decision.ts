import type { JsonObject } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { Tool } from '../core/tool.ts'
import type { Decision, External, Question } from '../policy/policy.ts'
import { approvalKey } from '../policy/policy.ts'
import type { CallRecord } from './call-record.ts'
import type { HeldApproval, Runtime, ToolCall } from './ports.ts'
import { hasBegun, questionFor } from './question.ts'

type Asked = { call: ToolCall; tool: Tool; args: JsonObject; record: CallRecord; use: Runtime }

/**
 * Turns "perhaps" into a permit that was paid for: decides again now that the connection is known, looks for every approval
 * the rules demand, asks the company's decision point, takes the budgets, and spends the approvals. Nothing is taken unless everything can be.
 */
export async function settleDecision(first: Decision, asked: Asked): Promise<Result<Decision>> {
  const { call, tool, args, record, use } = asked
  const begun = hasBegun(call)
  const approved: string[] = []
  const held: HeldApproval[] = []
  let external: External | null = null
  const question = (): Question => ({
    ...questionFor(call, tool, args, use, record.lease),
    approved,
    ...(external ? { external } : {}),
  })
  const { decisionPoint } = use.gateway
  let decision = record.lease ? record.decide(question()) : first
  while (decision.effect === 'approve' || (decision.effect === 'permit' && decisionPoint && !external)) {
    if (decision.effect === 'approve') {
      const demand = decision.approval
      if (!demand) return refuse('policy/denied')
      if (!begun) {
        const key = await approvalKey(question(), demand.rule)
        const approval = await use.approvals.find({ call, tool, args }, demand, key)
        if (!approval.ok) return approval
        held.push(approval.value)
      }
      approved.push(demand.rule)
    } else if (decisionPoint) {
      external = await use.askDecisionPoint(decisionPoint, question(), call)
    }
    decision = record.decide(question())
  }
  if (decision.effect === 'deny') return { ok: false, error: record.denial(decision) }
  if (begun) return ok({ ...decision, charges: [] })

  const budget = await use.facts.charge(decision.charges)
  if (!budget.ok) return budget
  const spent = use.approvals.spend(call, held)
  if (spent.ok) {
    record.approvals = held.map(({ id }) => id)
    return ok(decision)
  }
  await use.facts.refund(decision.charges)
  return spent
}
