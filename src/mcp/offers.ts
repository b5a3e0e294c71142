import type { Server, ServerContext } from '@modelcontextprotocol/server'
import type { ClientFeatures } from '../core/call.ts'
import type { GatewayFeatures, OfferMethod } from '../session/session.ts'
import type { Turn } from './turn.ts'
import { answerWork } from './answer-work.ts'
import { asObject, rawParams } from './raw-params.ts'

/** What a gateway offers beside tools: handlers only for what it has, so that a method it lacks is answered as unknown. */
export function serveOffers(server: Server, turn: Turn, features: ClientFeatures, offered: GatewayFeatures): void {
  for (const method of offeredMethods(offered, features.era)) {
    server.setRequestHandler(method, async (_request, ctx) => answerOffer(turn, features, method, ctx) as never)
  }
}

export function offeredMethods(offered: GatewayFeatures, era: ClientFeatures['era']): OfferMethod[] {
  const { prompts, resources, completions, subscribe } = offered
  return [
    ...(prompts ? (['prompts/list', 'prompts/get'] as const) : []),
    ...(resources ? (['resources/list', 'resources/templates/list', 'resources/read'] as const) : []),
    ...(completions ? (['completion/complete'] as const) : []),
    // Gone with 2026-07-28, where `subscriptions/listen` does it.
    ...(resources && subscribe && era === 'legacy' ? (['resources/subscribe', 'resources/unsubscribe'] as const) : []),
  ]
}

async function answerOffer(turn: Turn, features: ClientFeatures, method: OfferMethod, ctx: ServerContext) {
  const { _meta: meta = {}, ...sent } = rawParams(turn.body, ctx.mcpReq.id)
  const { inputResponses: _responses, requestState: _state, ...params } = sent
  const name = params['name'] ?? params['uri']
  return answerWork(
    turn,
    features,
    {
      asked: { method, name: typeof name === 'string' ? name : '', arguments: params },
      meta: asObject(meta),
      async run(request) {
        const reply = await turn.session.offer({ ...request, method, params })
        return reply.kind === 'result' ? { kind: 'done', result: reply.result } : reply
      },
    },
    ctx,
  )
}
