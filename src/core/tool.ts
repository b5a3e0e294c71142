import type { Json, JsonObject } from './json.ts'

/** What a tool does to the world. Declared by our toolkits, or classified by an administrator; never taken from an upstream's claim. */
export type Behaviour = {
  operation: 'read' | 'create' | 'update' | 'delete'
  destructive: boolean
  idempotent: boolean
  openWorld: boolean
}

export type ToolSource =
  | { kind: 'toolkit'; toolkit: string; /** without the toolkit's name */ tool: string }
  | UpstreamTool
  /** `binding`: the id under which the tool Worker was added. `revision`: which contract of it was admitted. */
  | { kind: 'worker'; binding: string; remoteName: string; revision: string }
  | { kind: 'builtin' }

/** `remoteName`: the server's own name for it. `taskOnly`: a server of 2025-11-25 runs it as a task and not otherwise. */
export type UpstreamTool = { kind: 'upstream'; upstream: string; remoteName: string; taskOnly?: true }

/** By which id rules name where a tool comes from, when it is not one of our toolkits. */
export function upstreamOf(source: ToolSource): string | null {
  if (source.kind === 'upstream') return source.upstream
  return source.kind === 'worker' ? source.binding : null
}

export type Icon = { src: string; mimeType?: string; sizes?: string[]; theme?: 'light' | 'dark' }

/** One function as a gateway offers it. Plain data: it is part of the compiled snapshot. */
export type Tool = {
  /** `Toolkit_ToolName`, at most 45 characters of [A-Za-z0-9_] for our own. Unique in its gateway. */
  name: string
  title: string
  description: string
  inputSchema: JsonObject
  outputSchema?: JsonObject
  icons?: Icon[]
  behaviour: Behaviour
  source: ToolSource
  /** Provider whose credential of the user the tool needs, and the least scopes for it. */
  authorization?: {
    provider: string
    scopes: string[]
    /** The argument `account` says which of the person's accounts there. Not set where the tool means something else by it. */
    takesAccount?: true
    /** The service account whose credential it is, instead of the person's. */
    serviceAccount?: string
  }
  /** Names of secrets that an administrator sets and the tool reads. Never values. */
  secrets: string[]
  /** JSON pointers into the arguments or the result that the record must never show. */
  sensitive: string[]
  /** SHA-256 (base64url) over the canonical definition. */
  definitionHash: string
  /** Passed to clients as `_meta`, already vetted. */
  meta?: JsonObject
}

export type ContentBlock = JsonObject & { type: string }

/** What a tool gave back: MCP's result shape, which both eras share. */
export type ToolOutput = {
  content: ContentBlock[]
  structuredContent?: Json
  isError?: boolean
  meta?: JsonObject
}
