import { modelFormats } from './model-formats.ts'
import type { PlannedCall } from './model-turn.ts'
import { nextTurn } from './model-turn.ts'

/**
 * In place of a model, for clients that call tools only when one tells them to: answers in three providers' formats, and makes
 * the planned calls. A request without tools is one on the side (a title, a summary) and gets a word.
 */
export function modelStandIn(plan: readonly PlannedCall[]): (request: Request) => Promise<Response> {
  let asked = 0
  return async (request) => {
    const { pathname } = new URL(request.url)
    const format = modelFormats.find(({ path }) => request.method === 'POST' && path.test(pathname))
    if (format === undefined) return Response.json({}, { status: 404 })
    const conversation = format.read(await request.json())
    const turn = conversation.tools.length === 0 ? { say: 'ok' } : nextTurn(conversation, plan)
    return new Response(format.write(turn, ++asked), { headers: { 'content-type': 'text/event-stream' } })
  }
}
