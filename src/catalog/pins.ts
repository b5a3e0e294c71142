import type { JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import { paramHeadersFault } from '../core/param-headers.ts'
import { pageFindings } from './app-page.ts'
import type { DefinitionKind, Difference } from './definition.ts'
import { definitionDifferences, definitionHash, definitionName } from './definition.ts'
import type { Finding } from '../screening/screening.ts'
import { finding, scanJson, scanName } from '../screening/screening.ts'

/** What is stored about one thing of one upstream. */
export type StoredPin = {
  kind: DefinitionKind
  name: string
  hash: string
  /** As it was admitted; of a thing that never was, as it was first seen. */
  definition: JsonObject
  status: 'admitted' | 'quarantined' | 'removed'
  /** What the upstream says now, where that waits for an administrator. */
  proposed: JsonObject | null
  findings: Finding[]
  /** Who admitted what `hash` stands for; null: nobody ever did. */
  decidedBy: string | null
}

export type PinChange = StoredPin & {
  change: 'new' | 'changed' | 'removed' | 'returned'
  /** All of them. Empty for what is new. */
  differences: Difference[]
}

/** What may be admitted without an administrator. A changed text never is. */
export type AdmitPolicy = { additions: boolean; tools: boolean }

/** A kind that could not be listed is left out: nothing is known about it. */
export type Listed = Readonly<Partial<Record<DefinitionKind, readonly JsonObject[]>>>

/**
 * Compares what an upstream lists with what was admitted, and says which pins change. Nothing that is not admitted is
 * offered, so a definition reaches no client between being changed and being agreed to (attack case 55). A tool that comes
 * back under another name is a new tool.
 */
export async function reviewPins(
  stored: readonly StoredPin[],
  listed: Listed,
  policy: AdmitPolicy,
): Promise<PinChange[]> {
  const known = new Map(stored.map((pin) => [pinKey(pin.kind, pin.name), pin]))
  const changes: PinChange[] = []
  const seen = new Set<string>()
  for (const kind of Object.keys(listed) as DefinitionKind[]) {
    for (const definition of listed[kind] ?? []) {
      const name = definitionName(kind, definition)
      // A second thing of the same name could answer for the first.
      if (name === null || seen.has(pinKey(kind, name))) continue
      seen.add(pinKey(kind, name))
      const change = await reviewOne(kind, name, definition, known.get(pinKey(kind, name)), policy)
      if (change) changes.push(change)
    }
  }
  for (const [key, pin] of known) {
    if (listed[pin.kind] && !seen.has(key) && pin.status !== 'removed') {
      changes.push({ ...pin, status: 'removed', proposed: null, change: 'removed', differences: [] })
    }
  }
  return changes
}

async function reviewOne(
  kind: DefinitionKind,
  name: string,
  definition: JsonObject,
  pin: StoredPin | undefined,
  policy: AdmitPolicy,
): Promise<PinChange | null> {
  const hash = await definitionHash(kind, definition)
  if (!pin) {
    const findings = scanDefinition(kind, name, definition)
    const admits = policy.tools && findings.length === 0
    const pinned = { kind, name, hash, definition, proposed: null, findings, differences: [] }
    return { ...pinned, change: 'new', ...(admits ? byPolicy : { status: 'quarantined', decidedBy: null }) }
  }
  if (hash === pin.hash) return backAgain(pin)
  if (pin.proposed && hash === (await definitionHash(kind, pin.proposed))) return null
  const findings = scanDefinition(kind, name, definition)
  const found = definitionDifferences(kind, pin.definition, definition)
  const benign = policy.additions && pin.status === 'admitted' && findings.length === 0 && onlyAdds(found)
  const change = { kind, name, findings, change: 'changed' as const, differences: found }
  if (benign) return { ...change, ...byPolicy, hash, definition, proposed: null }
  const { hash: pinned, definition: agreed, decidedBy } = pin
  return { ...change, hash: pinned, definition: agreed, decidedBy, status: 'quarantined', proposed: definition }
}

const byPolicy = { status: 'admitted', decidedBy: 'policy' } as const

/** The upstream says again what it said. That is admitted only if somebody had admitted it. */
function backAgain(pin: StoredPin): PinChange | null {
  const status = pin.decidedBy === null ? 'quarantined' : 'admitted'
  if (pin.status === status && pin.proposed === null) return null
  return { ...pin, status, proposed: null, change: 'returned', differences: [] }
}

export function scanDefinition(kind: DefinitionKind, name: string, definition: JsonObject): Finding[] {
  const { _meta: _, ...shown } = definition
  const named = kind === 'tool' || kind === 'prompt' ? scanName(name, 'name') : []
  const page = kind === 'resource' || kind === 'template' ? pageFindings(definition) : []
  const found = [...named, ...scanJson(shown).filter((one) => one.path !== 'name' || named.length === 0), ...page]
  const fault = isObject(definition['inputSchema']) ? paramHeadersFault(definition['inputSchema'] as JsonObject) : null
  if (fault === null) return found
  return [...found, finding('markup', 'danger', 'inputSchema', `a header that may not be: ${fault}`, fault, 0)]
}

/** New optional parameters, new members of the output. Not a word of what was there before is different. */
function onlyAdds(all: readonly Difference[]): boolean {
  return all.every(({ path, before, after }) => {
    if (before !== undefined || after === undefined) return false
    if (/^inputSchema\.properties\.[^.]+$/.test(path)) return isObject(after)
    return /^outputSchema(\.|$)/.test(path)
  })
}

const pinKey = (kind: string, name: string): string => `${kind} ${name}`
