import type { ClientFeatures } from '../core/call.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { LogEntry } from '../core/log-entry.ts'
import type { Result } from '../core/result.ts'
import type { About } from './build-server.ts'
import type { Change } from './change-feed.ts'
import type { Turn } from './turn.ts'
import { isInitializeRequest, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import { logFault } from '../core/log.ts'
import { ok, refuse } from '../core/result.ts'
import { askAbout, buildServer } from './build-server.ts'
import { cancelKey, takesStream } from './call-request.ts'
import { tellCancelled } from './answer-work.ts'
import { asObject } from './raw-params.ts'
import { conversationId, legacyFeatures, legacyVersions, openConversation, unknownClient } from './conversation.ts'

/** One exchange of MCP 2025-03-26 to 2025-11-25: POST, GET stream and DELETE, each by a server of its own. */
export async function serveLegacy(turn: Turn, request: Request): Promise<Result<Response>> {
  const id = request.headers.get('mcp-session-id')
  const begins = isInitializeRequest(turn.body)
  let features = unknownClient
  if (id !== null && !begins) {
    const opened = await openConversation(turn, id)
    if (!opened.ok) return opened
    features = legacyFeatures(id, opened.value)
  }
  if (request.method === 'GET') return listen(turn, request, features)
  if (request.method === 'DELETE') return end(turn, features)
  if (request.method !== 'POST') return refuse('http/method')
  if (Array.isArray(turn.body)) {
    const fault = batchFault(turn.body, features)
    if (fault !== null) return refuse('core/bad_request', { message: fault })
  }
  if (begins) return initialize(turn, request)
  return post(turn, request, features)
}

async function initialize(turn: Turn, request: Request): Promise<Result<Response>> {
  const about = await askAbout(turn)
  if (!about.ok) return about
  const response = await exchange(turn, request, unknownClient, about.value)
  const params = asObject(asObject(turn.body)['params'])
  const asked = params['protocolVersion']
  const info = asObject(params['clientInfo'])
  const id = await conversationId(turn, {
    protocolVersion: legacyVersions.find((version) => version === asked) ?? legacyVersions[0],
    clientName: typeof info['name'] === 'string' ? info['name'] : '',
    capabilities: asObject(params['capabilities']),
    createdAt: turn.now(),
    logs: about.value.features.logging === true,
  })
  if (response.status === 200) response.headers.set('mcp-session-id', id)
  return ok(response)
}

/** Methods for which it has to be known what the gateway offers, or, for a ping, whether the conversation still is. */
const describing = /^(prompts|resources|completion)\/|^ping$/

async function post(turn: Turn, request: Request, features: ClientFeatures): Promise<Result<Response>> {
  const messages = messagesOf(turn.body)
  for (const message of messages) {
    const { method, params } = message
    if (method === undefined) deliver(turn, features, message)
    if (method === 'notifications/cancelled') cancel(turn, features, asObject(params)['requestId'])
  }
  let about: About | null = null
  if (messages.some(({ method }) => typeof method === 'string' && describing.test(method))) {
    const asked = await askAbout(turn, features.conversation)
    if (!asked.ok) return asked
    about = asked.value
  }
  return ok(await exchange(turn, request, features, about))
}

function cancel(turn: Turn, features: ClientFeatures, requestId: unknown): void {
  if (features.conversation === undefined) return
  if (typeof requestId !== 'string' && typeof requestId !== 'number') return
  tellCancelled(turn, cancelKey(features, requestId))
}

/** An answer to a question of ours goes to the call that waits for it. */
function deliver(turn: Turn, features: ClientFeatures, answer: JsonObject): void {
  const { conversation } = features
  const { id } = answer
  if (conversation === undefined || typeof id !== 'string') return
  const told = turn.session.deliverAnswer(conversation, id, answer, turn.caller)
  turn.waitUntil(told.catch((fault: unknown) => logFault('mcp.answer_lost', fault)))
}

/**
 * A stream only where something will be sent before the result; plain JSON is cheaper for both sides, and some proxies hold
 * streams back.
 */
async function exchange(
  turn: Turn,
  request: Request,
  features: ClientFeatures,
  about: About | null,
): Promise<Response> {
  const tells = turn.made ? turn.made.asks === true : saysMore(turn.body, features)
  const streams = takesStream(request) && tells
  const transport = new WebStandardStreamableHTTPServerTransport({
    enableJsonResponse: !streams,
    supportedProtocolVersions: [...legacyVersions],
  })
  if (streams) turn.push = (message, relatedRequestId) => transport.send(message, { relatedRequestId })
  await buildServer(turn, features, about).connect(transport)
  return transport.handleRequest(acceptable(request), { parsedBody: turn.body })
}

/** The SDK insists on both types. Clients that say they take one, anything or nothing do take a JSON answer. */
function acceptable(request: Request): Request {
  const accept = request.headers.get('accept') ?? ''
  if (accept.includes('application/json') && accept.includes('text/event-stream')) return request
  const headers = new Headers(request.headers)
  headers.set('accept', 'application/json, text/event-stream')
  return new Request(request.url, { method: request.method, headers })
}

/** Whether progress, a log or a question may come before the result. */
function saysMore(body: Json | undefined, { logs, conversation, capabilities }: ClientFeatures): boolean {
  const answers = conversation !== undefined && Object.keys(capabilities).length > 0
  return messagesOf(body).some(({ method, params }) => {
    const works = method === 'tools/call' || method === 'prompts/get' || method === 'resources/read'
    return works && (logs === true || answers || asObject(asObject(params)['_meta'])['progressToken'] !== undefined)
  })
}

const messagesOf = (body: Json | undefined): JsonObject[] => (Array.isArray(body) ? body : [body]).map(asObject)

/** Batches came with 2025-03-26 and went with 2025-06-18. */
function batchFault(batch: readonly Json[], features: ClientFeatures): string | null {
  if (features.protocolVersion > '2025-03-26') return `MCP ${features.protocolVersion} has no batches.`
  return batch.length > 20 ? 'At most 20 messages may come in one batch.' : null
}

/** The stream on which the server speaks first: a changed list or resource, and what is logged outside of calls. */
async function listen(turn: Turn, request: Request, features: ClientFeatures): Promise<Result<Response>> {
  const about = await askAbout(turn, features.conversation)
  if (!about.ok) return about
  const { prompts, resources, subscribe } = about.value.features
  const { conversation } = features
  const server = buildServer(turn, features, about.value)
  const transport = new WebStandardStreamableHTTPServerTransport({ supportedProtocolVersions: [...legacyVersions] })
  const tell: Record<Change, (() => Promise<void>) | false> = {
    tools: () => server.sendToolListChanged(),
    prompts: prompts && (() => server.sendPromptListChanged()),
    resources: resources && (() => server.sendResourceListChanged()),
  }
  const report = (fault: unknown) => logFault('mcp.notify_failed', fault)
  await server.connect(transport)
  const response = await transport.handleRequest(request)
  if (response.status !== 200 || response.body === null) return ok(response)
  // Only now is there somewhere to tell it.
  const listener = {
    changed: (change: Change) => void (tell[change] && tell[change]().catch(report)),
    updated: (uri: string) => void server.sendResourceUpdated({ uri }).catch(report),
    logged: (params: LogEntry) =>
      void transport.send({ jsonrpc: '2.0', method: 'notifications/message', params }).catch(report),
    elicited: ({ watcher, id }: { watcher: string; id: string }) => {
      // Only the client that was given the link (MCP 2025-11-25 client/elicitation).
      if (watcher !== conversation) return
      const params = { elicitationId: id }
      void transport.send({ jsonrpc: '2.0', method: 'notifications/elicitation/complete', params }).catch(report)
    },
    ended: () => void transport.close().catch(report),
  }
  const watch = subscribe && conversation !== undefined ? { watcher: conversation, resources: null } : undefined
  const logs = features.logs ? conversation : undefined
  const subscribed = await turn.changes.subscribe(turn.caller, listener, watch, logs)
  if (!subscribed.ok) {
    await transport.close()
    return subscribed
  }
  return ok(new Response(whenClosed(response.body, subscribed.value), response))
}

/** The same stream; `closed` runs once when it has ended or the client has hung up. */
function whenClosed(body: ReadableStream<Uint8Array>, closed: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read()
      if (!done) return controller.enqueue(value)
      closed()
      controller.close()
    },
    async cancel(reason) {
      closed()
      await reader.cancel(reason)
    },
  })
}

async function end(turn: Turn, features: ClientFeatures): Promise<Result<Response>> {
  if (features.conversation === undefined) return refuse('mcp/invalid_session')
  const about = await askAbout(turn, features.conversation)
  if (!about.ok) return about
  await turn.session.endConversation(features.conversation, turn.caller)
  return ok(new Response(null, { status: 204 }))
}
