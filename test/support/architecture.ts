import { posix } from 'node:path'
import type { ImportTable } from './import-table.ts'
import { readSource, type SourceFacts, type SourceTree } from './source-tree.ts'

/** Every file of these may be imported; of the other rooms only the front door `src/<room>/<room>.ts`. */
const openRooms = ['core', 'db', 'config']

/** One sentence per broken rule; empty when the tree keeps to the table. */
export function architectureFaults(tree: SourceTree, table: ImportTable): string[] {
  const files = new Map([...tree].map(([path, source]) => [path, readSource(path, source)]))
  const faults = [...table.faults]
  for (const [path, facts] of files) {
    const mayImport = table.rows.get(roomOf(path))
    if (mayImport === undefined) faults.push(`${path}: the room ${roomOf(path)} has no row in docs/architecture.md`)
    else faults.push(...facts.imports.flatMap((one) => importFault(path, one.target, mayImport, tree) ?? []))
    faults.push(...outgoingFaults(path, facts))
  }
  return [...faults, ...cycles(files)]
}

/** `src/vault/seal.ts` is in the room `vault`; `src/index.ts` is the room `index`. */
const roomOf = (path: string): string => (path.split('/')[1] ?? '').replace(/\.tsx?$/, '')

const resolve = (from: string, target: string): string => posix.join(posix.dirname(from), target)

function importFault(
  path: string,
  specifier: string,
  mayImport: ReadonlySet<string>,
  tree: SourceTree,
): string | undefined {
  if (specifier === '(computed)') return `${path}: import() of a computed name`
  if (specifier.startsWith('node:')) return `${path}: ${specifier} needs nodejs_compat, which is off`
  if (!specifier.startsWith('.')) return undefined
  const target = resolve(path, specifier)
  if (!target.startsWith('src/')) return `${path}: ${specifier} is outside src`
  if (/\.(sql|json|html|css|svg)$/.test(target)) return undefined
  if (!tree.has(target)) return `${path}: ${target} does not exist`

  const room = roomOf(target)
  if (room === roomOf(path)) return undefined
  if (!mayImport.has(room)) return `${path}: ${roomOf(path)} may not import ${room}`
  const isDoor = target === `src/${room}/${room}.ts` || target === `src/${room}/${room}.tsx`
  if (isDoor || openRooms.includes(room)) return undefined
  return `${path}: import the front door src/${room}/${room}.ts, not ${target}`
}

function outgoingFaults(path: string, facts: SourceFacts): string[] {
  if (roomOf(path) === 'egress') return []
  const sockets = facts.imports.filter((one) => one.target === 'cloudflare:sockets').map((one) => one.target)
  return [...new Set([...facts.outgoing, ...sockets])].map((what) => `${path}: ${what} is for egress only`)
}

/** Files that import each other at run time; a type-only import is no edge. */
function cycles(files: ReadonlyMap<string, SourceFacts>): string[] {
  const faults: string[] = []
  const done = new Set<string>()
  const visit = (path: string, trail: string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) faults.push(`cycle: ${[...trail.slice(start), path].join(' -> ')}`)
    if (start >= 0 || done.has(path)) return
    for (const one of files.get(path)?.imports ?? []) {
      if (one.kind === 'value' && one.target.startsWith('.')) visit(resolve(path, one.target), [...trail, path])
    }
    done.add(path)
  }
  for (const path of files.keys()) visit(path, [])
  return faults
}
