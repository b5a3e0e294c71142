/** A tool call that a model is to make: the gateway's name of the tool, which clients put a prefix before. */
export type PlannedCall = { tool: string; arguments: Record<string, unknown> }

/** As the client offers it. Some put the tools of a server into a group (namespace). */
export type OfferedTool = { name: string; group?: string }

/** What a model knows when it is asked: the tools it may use, and what came of the calls it made. */
export type Conversation = { tools: readonly OfferedTool[]; results: readonly string[] }

export type Turn = { call: OfferedTool & { arguments: Record<string, unknown> } } | { say: string }

/** Makes the planned calls one after the other, and then says what came of them. */
export function nextTurn({ tools, results }: Conversation, plan: readonly PlannedCall[]): Turn {
  const planned = plan[results.length]
  if (planned === undefined) return { say: results.map((result, n) => `result ${n + 1}: ${result}`).join('\n') }
  const isIt = ({ name }: OfferedTool): boolean => name === planned.tool || name.endsWith(`_${planned.tool}`)
  const tool = tools.find(isIt)
  if (tool === undefined) return { say: `there is no tool ${planned.tool}` }
  return { call: { ...tool, arguments: planned.arguments } }
}
