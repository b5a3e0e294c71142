import { z } from 'zod'
import type { Conversation, OfferedTool, Turn } from './model-turn.ts'

/** How a provider's API asks a model and is answered, as far as a client's tool calls need it. */
export type ModelFormat = {
  /** Paths of the requests that ask for a turn. */
  path: RegExp
  read(body: unknown): Conversation
  /** Server-sent events. `n` makes ids of their own. */
  write(turn: Turn, n: number): string
}

const textOf = (content: unknown): string =>
  typeof content === 'string' ? content : (JSON.stringify(content) ?? '').replaceAll('\\n', '\n')

const event = (data: { type?: string; [key: string]: unknown }): string =>
  `${data.type === undefined ? '' : `event: ${data.type}\n`}data: ${JSON.stringify(data)}\n\n`

const messagesBody = z.object({
  tools: z.array(z.object({ name: z.string() })).default([]),
  messages: z.array(z.object({ content: z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]) })),
})

/** Anthropic's Messages API. */
const messages: ModelFormat = {
  path: /\/v1\/messages$/,
  read(body) {
    const { tools, messages: all } = messagesBody.parse(body)
    const blocks = all.flatMap(({ content }) => (typeof content === 'string' ? [] : content))
    const results = blocks.filter(({ type }) => type === 'tool_result')
    return { tools: tools.map(({ name }) => ({ name })), results: results.map(({ content }) => textOf(content)) }
  },
  write(turn, n) {
    const call = 'call' in turn ? turn.call : null
    const message = { id: `msg_${n}`, type: 'message', role: 'assistant', model: 'stand-in', content: [] }
    const block = call ? { type: 'tool_use', id: `toolu_${n}`, name: call.name, input: {} } : { type: 'text', text: '' }
    const delta = call
      ? { type: 'input_json_delta', partial_json: JSON.stringify(call.arguments) }
      : { type: 'text_delta', text: 'say' in turn ? turn.say : '' }
    return [
      {
        type: 'message_start',
        message: { ...message, stop_reason: null, usage: { input_tokens: 1, output_tokens: 1 } },
      },
      { type: 'content_block_start', index: 0, content_block: block },
      { type: 'content_block_delta', index: 0, delta },
      { type: 'content_block_stop', index: 0 },
      {
        type: 'message_delta',
        delta: { stop_reason: call ? 'tool_use' : 'end_turn', stop_sequence: null },
        usage: { output_tokens: 1 },
      },
      { type: 'message_stop' },
    ]
      .map(event)
      .join('')
  },
}

const generateBody = z.object({
  tools: z.array(z.object({ functionDeclarations: z.array(z.object({ name: z.string() })).default([]) })).default([]),
  contents: z.array(z.object({ parts: z.array(z.object({ functionResponse: z.unknown().optional() })) })),
})

/** Google's Generative Language API. */
const generate: ModelFormat = {
  path: /:(streamG|g)enerateContent$/,
  read(body) {
    const { tools, contents } = generateBody.parse(body)
    const parts = contents.flatMap(({ parts: all }) => all)
    return {
      tools: tools.flatMap(({ functionDeclarations }) => functionDeclarations.map(({ name }) => ({ name }))),
      results: parts.flatMap(({ functionResponse: one }) => (one === undefined ? [] : [textOf(one)])),
    }
  },
  write(turn) {
    const part =
      'call' in turn ? { functionCall: { name: turn.call.name, args: turn.call.arguments } } : { text: turn.say }
    return event({
      candidates: [{ content: { role: 'model', parts: [part] }, finishReason: 'STOP', index: 0 }],
      usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
    })
  },
}

const tool = z.looseObject({ name: z.string().optional() })
const responsesBody = z.object({
  tools: z.array(tool.extend({ tools: z.array(tool).optional() })).default([]),
  input: z.array(z.looseObject({ type: z.string().optional() })),
})

/** Built-in tools have no name, only a type. */
const named = (name?: string, group?: string): OfferedTool[] =>
  name === undefined ? [] : [{ name, ...(group !== undefined && { group }) }]

/** OpenAI's Responses API. */
const responses: ModelFormat = {
  path: /\/responses$/,
  read(body) {
    const { tools, input } = responsesBody.parse(body)
    const outputs = input.filter(({ type }) => type === 'function_call_output')
    const offered = tools.flatMap(({ name: group, tools: inner }) =>
      inner === undefined ? named(group) : inner.flatMap(({ name }) => named(name, group)),
    )
    return { tools: offered, results: outputs.map(({ output }) => textOf(output)) }
  },
  write(turn, n) {
    const id = `resp_${n}`
    const item =
      'call' in turn
        ? {
            type: 'function_call',
            id: `fc_${n}`,
            call_id: `call_${n}`,
            name: turn.call.name,
            ...(turn.call.group !== undefined && { namespace: turn.call.group }),
            arguments: JSON.stringify(turn.call.arguments),
          }
        : { type: 'message', id: `msg_${n}`, role: 'assistant', content: [{ type: 'output_text', text: turn.say }] }
    const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 }
    return [
      { type: 'response.created', response: { id } },
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: { id, usage } },
    ]
      .map(event)
      .join('')
  },
}

export const modelFormats: readonly ModelFormat[] = [messages, generate, responses]
