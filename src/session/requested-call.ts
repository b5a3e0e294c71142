import type { CallId } from '../core/ids.ts'
import type { OfferCall, ToolCall } from '../runtime/runtime.ts'
import { chosenAccount } from '../runtime/runtime.ts'
import type { CallRequest, OfferRequest } from './api.ts'

/** What came over RPC, as the runtime takes it. */
export function toolCall(call: OfferCall, { name, arguments: args, paramHeaders, onTask }: CallRequest): ToolCall {
  const account = chosenAccount(call)
  const resume = {
    callId: call.id,
    wait: 'upstream',
    held: 'server',
    ...(account === undefined ? {} : { account }),
  } as const
  return {
    ...call,
    name,
    arguments: args,
    ...(paramHeaders ? { paramHeaders } : {}),
    ...(onTask ? { onTask: (upstream) => onTask({ ...resume, upstream }) } : {}),
  }
}

export function offerCall(
  id: CallId,
  request: CallRequest | OfferRequest,
  signal: AbortSignal,
  logLevel: string | undefined,
): OfferCall {
  const { caller, features, task, traceparent, tracestate, resumed, onProgress, onLog } = request
  return {
    id,
    caller,
    features,
    signal,
    ...(task === undefined ? {} : { task }),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(tracestate === undefined ? {} : { tracestate }),
    ...(resumed ? { resumed } : {}),
    ...(onProgress ? { onProgress: (progress) => void onProgress(progress) } : {}),
    ...(onLog ? { onLog: (entry) => void onLog(entry) } : {}),
    ...(logLevel === undefined ? {} : { logLevel }),
  }
}
