import { systemClock } from '../core/clock.ts'
import type { OfferReply, OfferRequest } from './api.ts'
import type { Conversations } from './conversations.ts'
import type { LiveSession } from './live-session.ts'

export const isSubscription = ({ method }: OfferRequest): boolean =>
  method === 'resources/subscribe' || method === 'resources/unsubscribe'

/** One conversation of an older client watches a resource, or does not any more (MCP 2025-11-25, resources). */
export async function subscribe(
  { method, params, features, caller }: OfferRequest,
  id: string,
  live: LiveSession,
  conversations: Conversations,
): Promise<OfferReply> {
  const { conversation } = features
  const uri = typeof params['uri'] === 'string' ? params['uri'] : ''
  const wanted = method === 'resources/subscribe'
  if (wanted && !live.mayWatch(uri, caller)) return unknownResource(id, uri)
  if (conversation !== undefined) {
    if (!wanted) conversations.unwatch(conversation, uri)
    else if (!conversations.watch(conversation, uri, systemClock())) return tooManyWatched(id)
    live.resources.keep(conversation, conversations.watched(conversation), caller)
    if (wanted) await live.tell({ kind: 'watching', watcher: conversation })
  }
  return { kind: 'result', callId: id, result: {} }
}

/** One answer for what is not there and what may not be seen. */
function unknownResource(callId: string, uri: string): OfferReply {
  const message = 'This does not exist here, or may not be used.'
  return { kind: 'refused', callId, error: { code: 'runtime/unknown_tool', message, data: { uri } } }
}

function tooManyWatched(callId: string): OfferReply {
  const message = 'This client watches too many resources. Unsubscribe from one first.'
  return { kind: 'refused', callId, error: { code: 'policy/limit_reached', message } }
}
