import type { JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import type { OfferedGateway, ToolCall } from './ports.ts'

/** The account that the person chose when this call asked them, now or in an earlier round. */
export function chosenAccount({ resumed }: Pick<ToolCall, 'resumed'>): string | undefined {
  if (!resumed) return undefined
  const { state, responses } = resumed
  return state.wait === 'account' ? accountIn(responses) : state.account
}

function accountIn({ account: answer }: JsonObject): string | undefined {
  const content = isObject(answer) && answer['action'] === 'accept' ? answer['content'] : undefined
  const account = isObject(content) ? content['account'] : undefined
  return typeof account === 'string' && account !== '' && account.length <= 200 ? account : undefined
}

/** As if it had been called with the account in its arguments, where the tool has such an argument: rules, approvers and the record see it there. */
export function withChosenAccount(call: ToolCall, gateway: Pick<OfferedGateway, 'find'>): ToolCall {
  const account = chosenAccount(call)
  if (account === undefined || !gateway.find(call.name)?.authorization?.takesAccount) return call
  return { ...call, arguments: { ...call.arguments, account } }
}
