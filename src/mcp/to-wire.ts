import type { CallToolResult, Tool as WireTool } from '@modelcontextprotocol/server'
import type { ClientFeatures } from '../core/call.ts'
import type { Row } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import type { Refusal } from '../core/result.ts'
import type { Tool, ToolOutput } from '../core/tool.ts'
import { ProtocolError } from '@modelcontextprotocol/server'
import { errors } from '../core/errors.ts'
import { isObject } from '../core/json.ts'

/**
 * The only place where our values become MCP's. A refusal shows the table's text or its own `message`, and nothing of its
 * evidence (promise 10).
 */
type Era = ClientFeatures['era']
const errorKey = 'behalf.dev/error'

export function rowOf(refusal: Refusal): Row {
  return errors[refusal.code]
}

export function toWireTool(tool: Tool, era: Era): WireTool {
  const { name, title, description, inputSchema, icons, behaviour, meta } = tool
  const outputSchema = era === 'legacy' && tool.outputSchema?.['type'] !== 'object' ? undefined : tool.outputSchema
  return {
    name,
    title,
    description,
    inputSchema: inputSchema as WireTool['inputSchema'],
    ...(outputSchema && { outputSchema: outputSchema as WireTool['outputSchema'] }),
    ...(icons && { icons }),
    annotations: {
      title,
      readOnlyHint: behaviour.operation === 'read',
      destructiveHint: behaviour.destructive,
      idempotentHint: behaviour.idempotent,
      openWorldHint: behaviour.openWorld,
    },
    ...(meta && { _meta: meta }),
    // Some clients look for it beside `_meta`.
    ...(meta?.['securitySchemes'] !== undefined && { securitySchemes: meta['securitySchemes'] }),
  } as WireTool
}

/**
 * Structured content stays out of an error, which does not have to fit the output schema that clients check it against.
 * Legacy versions allow only objects there, and only schemas of objects; their clients get any other value as text.
 */
export function toWireOutput(output: ToolOutput, era: Era): CallToolResult {
  const { isError, meta } = output
  const structured = isError ? undefined : output.structuredContent
  const asText =
    structured !== undefined && !isObject(structured) && !output.content.some(({ type }) => type === 'text')
  const content = asText ? [...output.content, { type: 'text', text: JSON.stringify(structured) }] : output.content
  const structuredContent = era === 'legacy' && !isObject(structured) ? undefined : structured
  return {
    content,
    ...(structuredContent !== undefined && { structuredContent }),
    ...(isError && { isError }),
    ...(meta && { _meta: meta }),
  } as CallToolResult
}

/** A refusal that ends the call: a protocol error where the table has a code, else a result the model reads. */
export function toWireRefusal(refusal: Refusal, callId?: string): CallToolResult {
  if (rowOf(refusal).rpc !== null) throw toProtocolError(refusal, callId)
  return toErrorResult(refusal, callId)
}

export function toErrorResult(refusal: Refusal, callId?: string): CallToolResult {
  return {
    content: [{ type: 'text', text: textOf(refusal) }],
    isError: true,
    _meta: { [errorKey]: errorMeta(refusal, callId) },
  }
}

/** What would help is said in the message too: of an error's data, clients show the model nothing. */
export function toProtocolError(refusal: Refusal, callId?: string): ProtocolError {
  const code = rowOf(refusal).rpc ?? -32603
  const message = [messageOf(refusal), refusal.help?.text].filter((part) => part !== undefined).join('\n')
  return new ProtocolError(code, message, { ...refusal.data, [errorKey]: errorMeta(refusal, callId) })
}

/** A refusal as a whole JSON-RPC message, where there is no SDK to write it. */
export function errorMessage(refusal: Refusal, id: string | number | null): JsonObject {
  const { code, message, data } = toProtocolError(refusal)
  return { jsonrpc: '2.0', id, error: { code, message, data: data as JsonObject } }
}

export const messageOf = (refusal: Refusal): string => refusal.message ?? rowOf(refusal).text

/** What the model reads: what happened, what to do, and the link, which it can only hand on as text. */
function textOf(refusal: Refusal): string {
  const { help } = refusal
  return [messageOf(refusal), help?.text, help?.url].filter((part) => part !== undefined).join('\n')
}

export function errorMeta(refusal: Refusal, callId?: string): JsonObject {
  const { kind, retryable } = rowOf(refusal)
  const { help, retryAfterMs } = refusal
  return {
    kind,
    ...(callId !== undefined && { callId }),
    retryable,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(help && { help: { ...help } }),
  }
}
