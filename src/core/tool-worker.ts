import type { ApiAnswer, ApiCall } from './api-client.ts'
import type { JsonObject } from './json.ts'

/**
 * What is said between Behalf and a tool Worker: a Worker of the company's own, bound by a service binding, with tools made with
 * the kit. Plain values both ways, but for the host, which is a capability: it works while this one call runs and no longer.
 *
 * What the other side answers is `unknown` until it has been checked: a Worker is deployed by itself, at another time.
 */
export type ToolWorkerApi = {
  describeTools(): Promise<unknown>
  callTool(call: WorkerCall, host: ToolHostApi): Promise<unknown>
}

export type WorkerCall = {
  /** Without the toolkit's name. */
  tool: string
  /** Which contract was admitted. A Worker that has another one by now does not run. */
  revision: string
  arguments: JsonObject
  user: { name: string; email: string | null }
  callId: string
  /** Epoch ms. */
  now: number
  timeoutMs: number
}

/** What a tool Worker may do while its call runs. The credential stays on this side. */
export type ToolHostApi = {
  /** A request to the provider, with the person's own credential put on here. Only for the provider's hosts. */
  request(call: ApiCall): Promise<HostAnswer>
  /** Null: the tool did not declare it, or an administrator did not allow it. */
  secret(name: string): Promise<string | null>
  progress(done: number, total?: number, message?: string): Promise<void>
  /** Settles when the call is over; true when it was cancelled or took too long. */
  stopped(): Promise<boolean>
}

export type HostAnswer =
  | { ok: true; answer: ApiAnswer }
  /** `ours`: the reason is not the provider's, and this side knows it. */
  | { ok: false; status: number; code: string | null; retryAfterMs?: number; ours: boolean }

const scheme = /^worker:([a-z][a-z0-9-]{0,39})$/

/** A tool Worker stands where the URL of an MCP server would: `worker:acme` is the service binding `TOOLS_ACME`. */
export const isToolWorker = (url: string): boolean => scheme.test(url)

export function toolWorkerBinding(url: string): string | null {
  const name = scheme.exec(url)?.[1]
  return name === undefined ? null : `TOOLS_${name.toUpperCase().replaceAll('-', '_')}`
}

/** Null: this deployment has no such binding. */
export function toolWorkerOf(env: object, url: string): ToolWorkerApi | null {
  const binding = toolWorkerBinding(url)
  const found: unknown = binding === null ? undefined : (env as Record<string, unknown>)[binding]
  return found === undefined || found === null ? null : (found as ToolWorkerApi)
}
