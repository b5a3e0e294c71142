import { base64url, sha256 } from '../core/bytes.ts'
import type { Json } from '../core/json.ts'
import { canonicalJson } from '../core/json.ts'
import type { Tool } from '../core/tool.ts'
import type { DefinedTool, Toolkit } from '../toolkits/toolkits.ts'
import { toolkits } from '../toolkits/toolkits.ts'
import type { SourceTool } from './offer.ts'
import { withAccount } from './with-account.ts'

let made: Promise<ReadonlyMap<string, readonly SourceTool[]>> | undefined

/** The tools of our toolkits, by toolkit. Made once per isolate: they are part of the code. */
export function ownTools(): Promise<ReadonlyMap<string, readonly SourceTool[]>> {
  return (made ??= makeOwnTools())
}

let hash: Promise<string> | undefined

/** Changes when a deployment changes any tool of ours. A snapshot compiled before that is not this code's. */
export function ownToolsHash(): Promise<string> {
  return (hash ??= ownTools().then(async (all) => {
    const hashes = [...all.values()].flat().map(({ tool }) => `${tool.name} ${tool.definitionHash}`)
    return base64url((await sha256(hashes.toSorted().join('\n'))).subarray(0, 12))
  }))
}

async function makeOwnTools(): Promise<ReadonlyMap<string, readonly SourceTool[]>> {
  const entries = toolkits.map(async (toolkit) => {
    const tools = await Promise.all(toolkit.tools.map((tool) => ownTool(toolkit, tool)))
    return [toolkit.name, tools] as const
  })
  return new Map(await Promise.all(entries))
}

async function ownTool(toolkit: Toolkit, tool: DefinedTool): Promise<SourceTool> {
  const provider = tool.account ? toolkit.provider : undefined
  const inputSchema = provider === undefined ? null : withAccount(tool.inputSchema)
  const definition = {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: inputSchema ?? tool.inputSchema,
    ...(tool.outputSchema ? { outputSchema: tool.outputSchema } : {}),
    behaviour: tool.behaviour,
    secrets: [...tool.secrets],
    sensitive: [...tool.sensitive],
    ...(provider === undefined
      ? {}
      : {
          authorization: {
            provider,
            scopes: [...tool.scopes],
            ...(inputSchema ? { takesAccount: true as const } : {}),
          },
        }),
  } satisfies Partial<Tool>
  const definitionHash = base64url(await sha256(canonicalJson(definition as unknown as Json)))
  const source = { kind: 'toolkit', toolkit: toolkit.name, tool: tool.name } as const
  return { localName: tool.name, tool: { ...definition, source, definitionHash } }
}
