import type { GatewayId, ProjectId } from '../core/ids.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { Change } from './hub-api.ts'
import { hubName } from './hub-api.ts'
import type { Listener } from './subscribers.ts'

/**
 * Changes of one gateway as they happen, for as long as the stream is read. Ends with `ended` when the session is cut off.
 * Cancel it to hang up.
 *
 * Errors: `policy/limit_reached` when this person holds too many streams.
 */
export async function openChanges(
  env: Env,
  { project, gateway }: { project: ProjectId; gateway: GatewayId },
  listener: Listener,
): Promise<Result<ReadableStream<Change>>> {
  const response = await env.HUB.getByName(hubName(project, gateway)).fetch('https://hub/changes', {
    headers: { upgrade: 'websocket', 'behalf-listener': JSON.stringify(listener) },
  })
  const socket = response.webSocket
  if (response.status === 429) return refuse('policy/limit_reached')
  if (!socket) throw new Error(`the Hub answered ${response.status}`)
  return ok(streamOf(socket))
}

function streamOf(socket: WebSocket): ReadableStream<Change> {
  let open = true
  return new ReadableStream<Change>({
    start(controller) {
      const close = (): void => {
        if (open) controller.close()
        open = false
      }
      socket.addEventListener('message', ({ data }) => {
        if (open && typeof data === 'string') controller.enqueue(JSON.parse(data) as Change)
      })
      socket.addEventListener('close', close)
      socket.addEventListener('error', close)
      socket.accept()
    },
    cancel() {
      open = false
      socket.close(1000)
    },
  })
}
