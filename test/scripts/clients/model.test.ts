import { describe, expect, it } from 'vitest'
import { modelFormats } from '../../../scripts/lib/clients/model-formats.ts'
import type { Turn } from '../../../scripts/lib/clients/model-turn.ts'
import { nextTurn } from '../../../scripts/lib/clients/model-turn.ts'

const plan = [
  { tool: 'echo', arguments: { message: 'a' } },
  { tool: 'add', arguments: { n: 1 } },
]
const tools = [{ name: 'mcp__x__add' }, { name: 'noecho' }, { name: 'mcp__x__echo' }]

describe('the stand-in for a model', () => {
  it('makes the planned calls in order, by the names the client gave the tools', () => {
    expect(nextTurn({ tools, results: [] }, plan)).toEqual({
      call: { name: 'mcp__x__echo', arguments: { message: 'a' } },
    })
    expect(nextTurn({ tools, results: ['A'] }, plan)).toEqual({ call: { name: 'mcp__x__add', arguments: { n: 1 } } })
  })

  it('takes a tool with the group that it is in', () => {
    const grouped = [{ name: 'echo', group: 'mcp__x' }]
    expect(nextTurn({ tools: grouped, results: [] }, plan)).toMatchObject({ call: { name: 'echo', group: 'mcp__x' } })
  })

  it('ends by saying what came of them', () => {
    expect(nextTurn({ tools, results: ['A', 'B'] }, plan)).toEqual({ say: 'result 1: A\nresult 2: B' })
  })

  it('says so when the client does not offer the tool', () => {
    expect(nextTurn({ tools: [{ name: 'Bash' }], results: [] }, plan)).toEqual({ say: 'there is no tool echo' })
  })
})

describe('the formats in which a model is asked', () => {
  const formatOf = (path: string) => {
    const found = modelFormats.filter((one) => one.path.test(path))
    expect(found).toHaveLength(1)
    return found[0] as (typeof modelFormats)[number]
  }
  const eventsOf = (text: string) =>
    text.split('\n').flatMap((line) => (line.startsWith('data: ') ? [JSON.parse(line.slice(6)) as object] : []))
  const call: Turn = { call: { name: 'echo', arguments: { message: 'a' } } }

  it('knows the Messages API', () => {
    const format = formatOf('/v1/messages')
    const messages = [
      { role: 'user', content: 'go' },
      { role: 'user', content: [{ type: 'tool_result', content: [{ type: 'text', text: 'A' }] }] },
    ]
    const read = format.read({ tools: [{ name: 'echo' }], messages })
    expect(read.tools).toEqual([{ name: 'echo' }])
    expect(read.results).toEqual([expect.stringContaining('"text":"A"')])
    expect(eventsOf(format.write(call, 1))).toContainEqual(
      expect.objectContaining({ delta: { type: 'input_json_delta', partial_json: '{"message":"a"}' } }),
    )
    expect(eventsOf(format.write({ say: 'done' }, 2))).toContainEqual(
      expect.objectContaining({ delta: { type: 'text_delta', text: 'done' } }),
    )
  })

  it('knows the Generative Language API', () => {
    const format = formatOf('/v1beta/models/any:streamGenerateContent')
    const contents = [{ parts: [{ text: 'go' }] }, { parts: [{ functionResponse: { response: { output: 'A' } } }] }]
    const read = format.read({ tools: [{ functionDeclarations: [{ name: 'echo' }] }], contents })
    expect(read).toEqual({ tools: [{ name: 'echo' }], results: ['{"response":{"output":"A"}}'] })
    expect(JSON.stringify(eventsOf(format.write(call, 1)))).toContain('"functionCall":{"name":"echo"')
  })

  it('knows the Responses API, with tools in groups too', () => {
    const format = formatOf('/v1/responses')
    const input = [{ type: 'message' }, { type: 'function_call_output', output: 'A' }]
    const read = format.read({ tools: [{ type: 'web_search' }, { name: 'x', tools: [{ name: 'echo' }] }], input })
    expect(read.tools).toEqual([{ name: 'echo', group: 'x' }])
    expect(read.results).toEqual(['A'])
    const grouped: Turn = { call: { name: 'echo', group: 'x', arguments: {} } }
    const item = { type: 'function_call', name: 'echo', namespace: 'x', arguments: '{}' }
    expect(eventsOf(format.write(grouped, 1))[1]).toMatchObject({ item })
  })
})
