import type { Question } from './decision.ts'
import { parseGlob } from './glob.ts'
import type { Rule } from './rule.ts'

/**
 * Finds the rules that could be about a question, so that a decision costs what these cost and not what all cost.
 * Every rule stands in one place by its tool selector (exact names, the name's first word, toolkit, upstream,
 * operation, or any) and there again by its most telling user or agent selector.
 */
export type RuleIndex = {
  size: number
  byTool: Record<ToolKey, Map<string, Bucket>>
  anyTool: Bucket
}

type ToolKey = 'name' | 'word' | 'toolkit' | 'upstream' | 'operation'
type PrincipalKey = 'user' | 'subject' | 'group' | 'client'
type Bucket = { byPrincipal: Record<PrincipalKey, Map<string, number[]>>; anyone: number[] }

const emptyBucket = (): Bucket => ({
  byPrincipal: { user: new Map(), subject: new Map(), group: new Map(), client: new Map() },
  anyone: [],
})

export function buildIndex(rules: readonly Rule[]): RuleIndex {
  const index: RuleIndex = {
    size: rules.length,
    byTool: { name: new Map(), word: new Map(), toolkit: new Map(), upstream: new Map(), operation: new Map() },
    anyTool: emptyBucket(),
  }
  for (const [at, rule] of rules.entries()) {
    const buckets = bucketsFor(index, rule)
    const [kind, values] = principalsOf(rule)
    for (const bucket of buckets) {
      if (kind === null) bucket.anyone.push(at)
      else for (const value of values) getOrAdd(bucket.byPrincipal[kind], value, () => []).push(at)
    }
  }
  return index
}

/** Positions of the rules, in the document's order. */
export function candidates(index: RuleIndex, question: Question): number[] {
  const { tool } = question
  const found: number[] = []
  const { name, word, toolkit, upstream, operation } = index.byTool
  collect(name.get(tool.name), question, found)
  if (word.size > 0) collect(word.get(firstWord(tool.name) ?? ''), question, found)
  if (tool.toolkit !== null) collect(toolkit.get(tool.toolkit), question, found)
  if (tool.upstream !== null) collect(upstream.get(tool.upstream), question, found)
  collect(operation.get(tool.behaviour.operation), question, found)
  collect(index.anyTool, question, found)
  return inOrder(found)
}

/** Few numbers that mostly are in order already. Drops what stands there twice (a rule for two of the person's groups). */
function inOrder(found: number[]): number[] {
  if (found.length > 32) found.sort((a, b) => a - b)
  else insertionSort(found)
  let kept = 0
  for (let i = 0; i < found.length; i++) if (i === 0 || found[i] !== found[kept - 1]) found[kept++] = found[i] ?? 0
  found.length = kept
  return found
}

function insertionSort(list: number[]): void {
  for (let i = 1; i < list.length; i++) {
    const at = list[i] ?? 0
    let j = i - 1
    for (; j >= 0 && (list[j] ?? 0) > at; j--) list[j + 1] = list[j] ?? 0
    list[j + 1] = at
  }
}

function collect(bucket: Bucket | undefined, { user, agent }: Question, into: number[]): void {
  if (bucket === undefined) return
  const { byPrincipal } = bucket
  push(bucket.anyone, into)
  if (byPrincipal.user.size > 0) push(byPrincipal.user.get(user.id), into)
  if (byPrincipal.subject.size > 0) push(byPrincipal.subject.get(user.subject), into)
  if (byPrincipal.client.size > 0) push(byPrincipal.client.get(agent.clientId), into)
  if (byPrincipal.group.size > 0) for (const group of user.groups) push(byPrincipal.group.get(group), into)
}

function push(from: readonly number[] | undefined, into: number[]): void {
  if (from !== undefined) for (const at of from) into.push(at)
}

function bucketsFor(index: RuleIndex, { tools }: Rule): Iterable<Bucket> {
  const of = (key: ToolKey, values: Iterable<string>): Bucket[] =>
    [...new Set(values)].map((value) => getOrAdd(index.byTool[key], value, emptyBucket))
  if (tools?.names !== undefined) {
    const globs = tools.names.map(parseGlob)
    if (globs.every((glob) => glob.parts.length === 1))
      return of(
        'name',
        globs.map((glob) => glob.parts[0] ?? ''),
      )
    const words = globs.map((glob) => firstWord(glob.parts[0] ?? ''))
    if (words.every((word) => word !== null)) return of('word', words)
  }
  if (tools?.toolkits !== undefined) return of('toolkit', tools.toolkits)
  if (tools?.upstreams !== undefined) return of('upstream', tools.upstreams)
  return tools?.operations === undefined ? [index.anyTool] : of('operation', tools.operations)
}

/** `Github` in `Github_CreateIssue`. Null when the text ends before the word does. */
function firstWord(name: string): string | null {
  const end = name.indexOf('_')
  return end < 0 ? null : name.slice(0, end)
}

function principalsOf({ users, agents }: Rule): [PrincipalKey | null, string[]] {
  if (users?.ids !== undefined) return ['user', unique(users.ids)]
  if (users?.subjects !== undefined) return ['subject', unique(users.subjects.map(({ subject }) => subject))]
  if (users?.groups !== undefined) return ['group', unique(users.groups)]
  if (agents?.clientIds !== undefined) return ['client', unique(agents.clientIds)]
  return [null, []]
}

const unique = (values: readonly string[]): string[] => [...new Set(values)]

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
