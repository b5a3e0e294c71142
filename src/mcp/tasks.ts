import type { Server } from '@modelcontextprotocol/server'
import { MissingRequiredClientCapabilityError } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { base64url, fromUtf8, lengthPrefixed, utf8 } from '../core/bytes.ts'
import type { ClientFeatures, TaskReply, TaskState } from '../core/call.ts'
import { tasksExtension } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import { logFault } from '../core/log.ts'
import { bytesOrNull, decrypt, encrypt } from '../core/seal.ts'
import { principal } from './principal.ts'
import { rawParams } from './raw-params.ts'
import { stateKeyFor } from './state-key.ts'
import { messageOf, rowOf, toErrorResult, toProtocolError, toWireOutput } from './to-wire.ts'
import type { Turn } from './turn.ts'

/** Whether this request's client takes a task for an answer (SEP-2663: said in every request, never remembered). */
export function takesTasks({ era, capabilities }: ClientFeatures): boolean {
  const extensions = capabilities['extensions']
  return era === 'modern' && isObject(extensions) && isObject(extensions[tasksExtension])
}

const params = z.looseObject({ taskId: z.string().min(1).max(2_000) })
const result = z.looseObject({})

/** `tasks/get`, `tasks/update` and `tasks/cancel`. There is no list: a task is asked for by who holds its id and is its owner. */
export function serveTasks(server: Server, turn: Turn, features: ClientFeatures): void {
  const { session, caller } = turn
  const handle = (method: string, ask: (id: string, given: JsonObject) => Promise<TaskReply>, shows: boolean): void => {
    server.setRequestHandler(method, { params, result }, async ({ taskId }, ctx) => {
      if (!takesTasks(features)) throw missingCapability()
      const id = await openTaskId(turn, taskId)
      if (id === null) throw toProtocolError({ code: 'session/unknown_task' })
      const reply = await asked(turn, ask(id, rawParams(turn.body, ctx.mcpReq.id)))
      return shows ? toWireTask(reply, taskId) : {}
    })
  }
  handle('tasks/get', (id) => session.getTask(id, caller), true)
  const responsesOf = ({ inputResponses }: JsonObject): JsonObject =>
    isObject(inputResponses) ? (inputResponses as JsonObject) : {}
  handle('tasks/update', (id, given) => session.updateTask(id, responsesOf(given), caller), false)
  handle('tasks/cancel', (id) => session.cancelTask(id, caller), false)
}

const missingCapability = (): Error =>
  new MissingRequiredClientCapabilityError({ requiredCapabilities: { extensions: { [tasksExtension]: {} } } })

async function asked(turn: Turn, pending: Promise<TaskReply>): Promise<TaskState> {
  let reply: TaskReply
  try {
    reply = await pending
  } catch (fault) {
    logFault('mcp.task_failed', fault)
    throw toProtocolError({ code: 'core/internal' })
  }
  if (reply.ok) return reply.task
  if (rowOf(reply.error).rpc !== -32602) turn.refused = reply.error
  throw toProtocolError(reply.error)
}

/** The handle that a call is answered with. */
export async function toCreateTask(turn: Turn, task: TaskState): Promise<JsonObject> {
  return { ...toWireTask(task, await sealTaskId(turn, task.id)), resultType: 'task' }
}

export function toWireTask(task: TaskState, taskId: string): JsonObject {
  const { createdAt, updatedAt, ttlMs, pollIntervalMs, message } = task
  return {
    taskId,
    ...statusOf(task),
    ...(message !== undefined && { statusMessage: message }),
    createdAt: new Date(createdAt).toISOString(),
    lastUpdatedAt: new Date(updatedAt).toISOString(),
    ttlMs,
    pollIntervalMs,
  }
}

/** What the call would have answered: a result, also one that says that it failed, or an error of the protocol. */
function statusOf({ status, requests, reply }: TaskState): JsonObject {
  if (status === 'input_required') return { status, inputRequests: requests ?? {} }
  if (status !== 'ended' || reply === undefined) return { status: 'working' }
  if (reply.kind === 'output') return { status: 'completed', result: plain(toWireOutput(reply.output, 'modern')) }
  const { error, callId } = reply
  if (error.code === 'runtime/cancelled') return { status: 'cancelled' }
  if (rowOf(error).rpc === null) return { status: 'completed', result: plain(toErrorResult(error, callId)) }
  const { code, message, data } = toProtocolError(error, callId)
  return { status: 'failed', statusMessage: messageOf(error), error: { code, message, data: data as JsonObject } }
}

const plain = (value: unknown): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject

/** Opens for the person, agent, gateway and sign-in that it was made for, and says nothing to anybody else. */
async function sealTaskId(turn: Turn, id: string): Promise<string> {
  return base64url(await encrypt(await stateKeyFor(turn.stateKey, 'task'), owner(turn), utf8(id)))
}

export async function openTaskId(turn: Turn, taskId: string): Promise<string | null> {
  const sealed = /^[\w-]{20,2000}$/.test(taskId) ? bytesOrNull(taskId) : null
  const opened = sealed && (await decrypt(await stateKeyFor(turn.stateKey, 'task'), owner(turn), sealed))
  return opened ? fromUtf8(opened) : null
}

const owner = ({ caller }: Turn) => lengthPrefixed('task', ...principal(caller))
