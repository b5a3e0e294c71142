import type { JSONRPCRequest } from '@modelcontextprotocol/server'
import type { ClientFeatures } from '../core/call.ts'
import { tasksExtension } from '../core/call.ts'
import { isObject } from '../core/json.ts'
import type { Refusal, Result } from '../core/result.ts'
import { ok } from '../core/result.ts'
import type { About } from './build-server.ts'
import type { ListenBus } from './change-feed.ts'
import { TaskStream } from './task-stream.ts'
import { takesTasks } from './tasks.ts'
import { errorMessage } from './to-wire.ts'
import type { Turn } from './turn.ts'

/** More than this of one stream is not watched; nobody needs it, and each is a promise of ours to a server. */
const maxWatched = 100

/** The SDK's handler for this one request, and the bus it listens to. */
type Sdk = { bus: ListenBus; serve: () => Promise<Response>; close: () => void }

/** `subscriptions/listen` (MCP 2026-07-28): a stream of what changes for this caller. Errors: `mcp/too_many_streams`. */
export async function serveListen(
  turn: Turn,
  message: JSONRPCRequest,
  known: { about: About | null; features: ClientFeatures },
  { bus, serve, close }: Sdk,
): Promise<Result<Response>> {
  const wanted = filterOf(message.params)
  const taskIds = wanted['taskIds']
  if (taskIds !== undefined && !takesTasks(known.features)) {
    return ok(Response.json(errorMessage(tasksMissing, message.id), { status: 400 }))
  }
  const tasks = taskIds === undefined ? null : new TaskStream(turn, message.id)
  const listener = {
    changed: bus.changed,
    updated: bus.updated,
    ...(tasks && { task: tasks.changed }),
    ended: () => {
      close()
      tasks?.end()
    },
  }
  const resources = known.about?.features.subscribe ? texts(wanted['resourceSubscriptions']).slice(0, maxWatched) : []
  const watch = resources.length > 0 ? { watcher: crypto.randomUUID(), resources } : undefined
  const subscribed = await turn.changes.subscribe(turn.caller, listener, watch)
  if (!subscribed.ok) return subscribed
  bus.whenIdle(subscribed.value)
  const response = await serve()
  return ok(tasks ? await tasks.beside(response, texts(taskIds), () => bus.subscribe(() => {})) : response)
}

function filterOf(params: unknown): Record<string, unknown> {
  const filter = isObject(params) ? params['notifications'] : undefined
  return isObject(filter) ? filter : {}
}

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string' && one.length <= 2_000) : []

const tasksMissing: Refusal = {
  code: 'upstream/capability_missing',
  message: 'Declare the tasks extension to hear of tasks.',
  data: { requiredCapabilities: { extensions: { [tasksExtension]: {} } } },
}
