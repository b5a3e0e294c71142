import type { ToolSource } from '../core/tool.ts'
import type { DefinedTool, Toolkit } from './kit/define-tool.ts'
import { githubToolkit } from './github/github.ts'

/** Our own tools: one folder per service, one file per tool. */
export const toolkits: readonly Toolkit[] = [githubToolkit]

const byName = new Map(
  toolkits.map((toolkit) => [toolkit.name, new Map(toolkit.tools.map((tool) => [tool.name, tool]))]),
)

export function definedTool(source: Extract<ToolSource, { kind: 'toolkit' }>): DefinedTool | undefined {
  return byName.get(source.toolkit)?.get(source.tool)
}

export type { ApiAnswer, ApiCall, ApiClient } from './kit/api-client.ts'
export { ProviderError, ToolError, toolFailure } from './kit/errors.ts'
export type { DefinedTool, Toolkit, ToolUse } from './kit/define-tool.ts'
