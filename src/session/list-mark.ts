import type { Tool } from '../core/tool.ts'
import { base64url, lengthPrefixed, sha256 } from '../core/bytes.ts'
import { canonicalJson } from '../core/json.ts'

/**
 * Names one list exactly. A published version of a gateway never changes, so in it a tool is its name, and only what the rules
 * narrowed for this caller has to be spelled out, and our own tools, whose words depend on what else there is. A digest: nobody can make two lists with one mark.
 */
export async function listMark(
  gateway: string,
  version: number,
  list: readonly Tool[],
  published: readonly Tool[],
): Promise<string> {
  const unchanged = new Set(published)
  const lines = list.map((tool) =>
    unchanged.has(tool) ? tool.name : `${tool.name} ${canonicalJson([tool.description, tool.inputSchema])}`,
  )
  return base64url(await sha256(lengthPrefixed('tools', gateway, `${version}`, lines.join('\n'))))
}
