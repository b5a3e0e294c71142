import { inputRequired } from '@modelcontextprotocol/server'
import type { CallReply, ClientFeatures, ResumeState } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import { canAnswer } from './push.ts'
import { messageOf } from './to-wire.ts'

export type RefusedReply = Extract<CallReply, { kind: 'refused' }>

/** What a refused call asks the person, as one MCP request under its key. */
export type PersonQuestion = { key: string; request: JsonObject }

/** The key under which the client sends what the person did. */
const keys: Record<ResumeState['wait'], string> = {
  authorization: 'authorize',
  approval: 'authorize',
  account: 'account',
  upstream: '',
}

/** A link to open, or a choice between their accounts. Null: nothing can be asked of them, or this client cannot show it. */
export function personQuestion({ error, resume }: RefusedReply, features: ClientFeatures): PersonQuestion | null {
  if (resume === undefined) return null
  const { url, text, choices } = error.help ?? {}
  const key = keys[resume.wait]
  if (choices !== undefined && choices.length > 0) {
    const request = accountForm(choices)
    return canAnswer(features.capabilities, request) ? { key, request } : null
  }
  if (url === undefined || !features.elicitationUrl) return null
  return { key, request: inputRequired.elicitUrl({ url, message: text ?? messageOf(error) }) as unknown as JsonObject }
}

/** Names only: a form goes through the client, which must not see more than it needs (MCP client/elicitation §Security). */
function accountForm(choices: readonly string[]): JsonObject {
  const account = { type: 'string', title: 'Account', enum: [...choices] }
  const requestedSchema = { type: 'object', properties: { account }, required: ['account'] }
  const message = 'Several accounts are connected. Which one is this for?'
  return { method: 'elicitation/create', params: { mode: 'form', message, requestedSchema } }
}

/** Declining and closing are final: asking again makes some clients ask ten times in a row. */
export function hasDeclined(wait: ResumeState['wait'], responses: JsonObject): boolean {
  const response = responses[keys[wait]]
  return isObject(response) && (response['action'] === 'decline' || response['action'] === 'cancel')
}
