import type { JsonObject } from '../core/json.ts'
import type { OfferCall } from '../runtime/runtime.ts'
import { listPrompts, listResources, listTemplates, useOffer } from '../runtime/runtime.ts'
import type { OfferReply, OfferRequest } from './api.ts'
import type { LiveSession } from './live-session.ts'

/** What a gateway offers beside tools: lists are filtered as the list of tools is, the rest is governed and recorded. */
export async function answerOffer(request: OfferRequest, call: OfferCall, live: LiveSession): Promise<OfferReply> {
  const { method, params } = request
  const { caller } = call
  const { runtime, pageSize } = live
  const listed = (what: string, items: JsonObject[], key: string): OfferReply => ({
    kind: 'result',
    callId: call.id,
    result: pageOfItems(what, items, key, params['cursor'], pageSize),
  })
  switch (method) {
    case 'prompts/list':
      return listed('prompts', listPrompts(caller, runtime), 'name')
    case 'resources/list':
      return listed('resources', listResources(caller, runtime), 'uri')
    case 'resources/templates/list':
      return listed('resourceTemplates', listTemplates(caller, runtime), 'uriTemplate')
    case 'prompts/get':
    case 'resources/read':
    case 'completion/complete':
      return useOffer(call, method, params, runtime)
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      throw new Error(`${method} is answered by the session itself`)
  }
}

/** As with tools, the cursor is the last key shown, and the items are in order of it. */
function pageOfItems(what: string, items: JsonObject[], key: string, cursor: unknown, pageSize: number): JsonObject {
  const keyOf = (one: JsonObject): string => (typeof one[key] === 'string' ? one[key] : '')
  const rest = typeof cursor === 'string' ? items.filter((one) => keyOf(one) > cursor) : items
  const page = rest.slice(0, pageSize)
  const last = page.at(-1)?.[key]
  return { [what]: page, ...(rest.length > pageSize && typeof last === 'string' ? { nextCursor: last } : {}) }
}
