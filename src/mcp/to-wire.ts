import type { CallToolResult, Tool as WireTool } from '@modelcontextprotocol/server'
import type { Row } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import type { Refusal } from '../core/result.ts'
import type { Tool, ToolOutput } from '../core/tool.ts'
import { ProtocolError } from '@modelcontextprotocol/server'
import { errors } from '../core/errors.ts'

/**
 * The only place where our values become MCP's. A refusal shows the table's text or its own `message`, and nothing of its
 * evidence (promise 10).
 */
const errorKey = 'behalf.dev/error'

export function rowOf(refusal: Refusal): Row {
  return errors[refusal.code]
}

export function toWireTool(tool: Tool): WireTool {
  const { name, title, description, inputSchema, outputSchema, icons, behaviour, meta } = tool
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
  } as WireTool
}

export function toWireOutput(output: ToolOutput): CallToolResult {
  const { content, structuredContent, isError, meta } = output
  return {
    content,
    // A client checks it against the output schema, which an error does not have to fit.
    ...(structuredContent !== undefined && !isError && { structuredContent }),
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

export function toProtocolError(refusal: Refusal, callId?: string): ProtocolError {
  const code = rowOf(refusal).rpc ?? -32603
  return new ProtocolError(code, messageOf(refusal), { [errorKey]: errorMeta(refusal, callId) })
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
