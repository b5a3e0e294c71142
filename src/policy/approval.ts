import { base64url, lengthPrefixed, sha256 } from '../core/bytes.ts'
import { canonicalJson } from '../core/json.ts'
import type { Question } from './decision.ts'

/**
 * What an approval is bound to: one rule's demand, one person, agent, gateway and tool, and exactly these arguments
 * in their canonical form (RFC 8785), with the account that it runs with. An approval for anything else has another key.
 */
export async function approvalKey(question: Question, rule: string): Promise<string> {
  const { user, agent, gateway, tool, connection, kind = 'tool', task = '' } = question
  const args = canonicalJson(question.arguments ?? {})
  const account = connection?.account ?? ''
  return base64url(
    await sha256(lengthPrefixed('approval', rule, gateway, user.id, agent.id, kind, tool.name, task, args, account)),
  )
}
