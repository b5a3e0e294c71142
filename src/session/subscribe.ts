import { systemClock } from '../core/clock.ts'
import type { Refusal } from '../core/result.ts'
import type { OfferCall } from '../runtime/runtime.ts'
import type { OfferReply, OfferRequest } from './api.ts'
import type { Conversations } from './conversations.ts'
import type { LiveSession } from './live-session.ts'
import { recordRefusal } from './record.ts'

export const isSubscription = ({ method }: OfferRequest): boolean =>
  method === 'resources/subscribe' || method === 'resources/unsubscribe'

/** One conversation of an older client watches a resource, or does not any more (MCP 2025-11-25, resources). */
export async function subscribe(
  { method, params, features, caller }: OfferRequest,
  call: OfferCall,
  live: LiveSession,
  conversations: Conversations,
): Promise<OfferReply> {
  const { conversation } = features
  const uri = typeof params['uri'] === 'string' ? params['uri'] : ''
  const wanted = method === 'resources/subscribe'
  const refused = (error: Refusal): OfferReply => {
    recordRefusal({ ...call, name: uri, arguments: { uri } }, method, error, live.runtime)
    return { kind: 'refused', callId: call.id, error }
  }
  if (wanted && !live.mayWatch(uri, caller)) return refused(unknownResource(uri))
  if (conversation !== undefined) {
    if (!wanted) conversations.unwatch(conversation, uri)
    else if (!conversations.watch(conversation, uri, systemClock())) return refused(tooManyWatched)
    live.resources.keep(conversation, conversations.watched(conversation), caller)
    if (wanted) await live.tell({ kind: 'watching', watcher: conversation })
  }
  return { kind: 'result', callId: call.id, result: {} }
}

/** One answer for what is not there and what may not be seen. */
const unknownResource = (uri: string): Refusal => ({
  code: 'runtime/unknown_tool',
  message: 'This does not exist here, or may not be used.',
  data: { uri },
})

const tooManyWatched: Refusal = {
  code: 'policy/limit_reached',
  message: 'This client watches too many resources. Unsubscribe from one first.',
}
