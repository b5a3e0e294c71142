/**
 * The kit, for repositories of their own: `import { defineTool, toolWorker } from 'behalf/kit'` (docs/tool-workers.md).
 */
export type { ApiAnswer, ApiCall, ApiClient } from './api-client.ts'
export type { DefinedTool, ToolDefinition, Toolkit, ToolUse } from './define-tool.ts'
export { defineTool } from './define-tool.ts'
export type { ToolErrorKind } from './errors.ts'
export { ProviderError, ToolError } from './errors.ts'
export type { Page } from './paging.ts'
export { pageOutput, pagingInput, walkPages } from './paging.ts'
export type { Candidate } from './resolve.ts'
export { resolveReference } from './resolve.ts'
export { momentHint, parseMoment } from './time.ts'
export type { WorkerListing, WorkerReply, WorkerTool } from './serve-tool.ts'
export { listingOf, serveCall } from './serve-tool.ts'
export { toolWorker } from './tool-worker.ts'
