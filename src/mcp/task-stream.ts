import { SUBSCRIPTION_ID_META_KEY } from '@modelcontextprotocol/server'
import type { JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import { logFault } from '../core/log.ts'
import type { EventStream } from './event-stream.ts'
import { eventStream } from './event-stream.ts'
import { openTaskId, toWireTask } from './tasks.ts'
import type { Turn } from './turn.ts'

/** More than this of one stream is not watched. */
const maxTasks = 100
/** How often unfinished tasks are asked for unasked: one whose session was lost goes on only when somebody asks. */
const askEveryMs = 30_000
const keepAliveMs = 5_000

type Watched = { taskId: string; told: string; over: boolean }
type Ack = { params: { notifications: JsonObject } }

/**
 * Tells a client that listens how its tasks are (SEP-2663 §Task Status Notifications), beside what the SDK's stream tells, which
 * knows no tasks. Of a change only the name comes here: the session shows the task to whom it belongs, as `tasks/get` would.
 */
export class TaskStream {
  readonly #turn: Turn
  readonly #subscription: string | number
  readonly #watched = new Map<string, Watched>()
  #stream: EventStream | null = null
  /** The SDK's last word, for the end. */
  #farewell: string | null = null
  /** The SDK's stream has nothing to tell and is over. */
  #alone = false
  #ended = false
  #release: () => void = () => {}
  #telling: Promise<void> = Promise.resolve()

  constructor(turn: Turn, subscription: string | number) {
    this.#turn = turn
    this.#subscription = subscription
  }

  /** `hold` keeps the feed of changes open; what it returns lets go. Ids that are not this caller's are left out. */
  async beside(response: Response, wanted: readonly string[], hold: () => () => void): Promise<Response> {
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream')
    if (!isStream || !response.body) return response
    await Promise.all(wanted.slice(0, maxTasks).map((taskId) => this.#watch(taskId)))
    if (this.#watched.size === 0) return response
    const reader = response.body.getReader()
    const letGo = hold()
    const timer = setInterval(() => this.#askAll(), askEveryMs)
    this.#release = () => {
      clearInterval(timer)
      letGo()
      void reader.cancel().catch(() => {})
    }
    this.#stream = eventStream(this.#release, keepAliveMs)
    void this.#relay(reader, this.#stream).catch((fault: unknown) => logFault('mcp.stream_failed', fault))
    return this.#stream.response
  }

  readonly changed = (id: string): void => {
    if (!this.#watched.has(id)) return
    this.#telling = this.#telling
      .then(() => this.#tell(id))
      .catch((fault: unknown) => logFault('mcp.task_failed', fault))
  }

  /** Nothing more will come. While the SDK's stream is open, it says so itself. */
  end(): void {
    this.#ended = true
    if (this.#alone) this.#finish()
  }

  #finish(): void {
    if (this.#farewell !== null) this.#stream?.send(this.#farewell)
    this.#stream?.end()
    this.#release()
  }

  async #watch(taskId: string): Promise<void> {
    const id = await openTaskId(this.#turn, taskId)
    const reply = id === null ? null : await this.#turn.session.getTask(id, this.#turn.caller)
    if (id !== null && reply?.ok) this.#watched.set(id, { taskId, told: '', over: false })
  }

  /** First what will be told; then each task as it is, because it may have changed before anybody listened. */
  async #relay(reader: ReadableStreamDefaultReader<Uint8Array>, stream: EventStream): Promise<void> {
    let ack: Ack | null = null
    let others = false
    for await (const text of messagesOf(reader)) {
      const message: unknown = JSON.parse(text)
      if (ack === null) {
        ack = message as Ack
        others = Object.keys(ack.params.notifications).length > 0
        ack.params.notifications['taskIds'] = [...this.#watched.values()].map(({ taskId }) => taskId)
        stream.send(JSON.stringify(ack))
        this.#askAll()
      } else if (isObject(message) && 'result' in message) this.#farewell = text
      else stream.send(text)
    }
    // Without anything else to tell, the SDK's stream has ended at once.
    this.#alone = !others
    if (others || this.#ended) this.#finish()
  }

  #askAll(): void {
    for (const [id, { over }] of this.#watched) if (!over) this.changed(id)
  }

  async #tell(id: string): Promise<void> {
    const watched = this.#watched.get(id)
    if (!watched) return
    const reply = await this.#turn.session.getTask(id, this.#turn.caller)
    if (!reply.ok) return
    const task = toWireTask(reply.task, watched.taskId)
    watched.over = reply.task.status === 'ended'
    const params = { ...task, _meta: { [SUBSCRIPTION_ID_META_KEY]: this.#subscription } }
    const text = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/tasks', params })
    if (text !== watched.told) this.#stream?.send(text)
    watched.told = text
  }
}

/** The data of server-sent events as they come. */
async function* messagesOf(reader: ReadableStreamDefaultReader<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  for (let text = ''; ;) {
    const { done, value } = await reader.read()
    if (done) return
    const events = (text + decoder.decode(value, { stream: true })).split('\n\n')
    text = events.pop() ?? ''
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1]
      if (data !== undefined) yield data
    }
  }
}
