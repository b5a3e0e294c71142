import type { ClientFeatures } from '../core/call.ts'
import type { Caller } from '../core/caller.ts'
import { canonicalJson } from '../core/json.ts'
import type { Tool } from '../core/tool.ts'

type Asker = { caller: Caller; features: ClientFeatures }

/** The list that a client was shown last. It is to hear when the same question has another answer; who never asked hears nothing. */
export class ShownList {
  readonly #listFor: (asker: Asker) => Tool[]
  #shown: (Asker & { tools: Tool[] }) | null = null

  constructor(listFor: (asker: Asker) => Tool[]) {
    this.#listFor = listFor
  }

  show({ caller, features }: Asker): Tool[] {
    const tools = this.#listFor({ caller, features })
    this.#shown = { caller, features, tools }
    return tools
  }

  /** True once for each change. */
  hasChanged(): boolean {
    if (this.#shown === null) return false
    const before = this.#shown.tools
    const now = this.show(this.#shown)
    return now.length !== before.length || now.some((tool, i) => !looksLike(tool, before[i]))
  }
}

/** A tool that nothing was narrowed for is the published one itself. */
function looksLike(a: Tool, b: Tool | undefined): boolean {
  if (a === b) return true
  if (b === undefined || a.name !== b.name || a.description !== b.description) return false
  return a.inputSchema === b.inputSchema || canonicalJson(a.inputSchema) === canonicalJson(b.inputSchema)
}
