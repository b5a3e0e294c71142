import { readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseAst } from 'vitest/node'

/** Path below the repository, with forward slashes, to source text. */
export type SourceTree = ReadonlyMap<string, string>

export type Import = { target: string; kind: 'value' | 'type' }

export type SourceFacts = {
  imports: Import[]
  /** Uses of a global that sends a request: `fetch`, `globalThis.fetch`, `new WebSocket`, `new EventSource`. */
  outgoing: string[]
}

type Node = { type: string } & Record<string, unknown>

export function readTree(root: string, folder: string): SourceTree {
  const names = readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
  return new Map(
    names
      .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted()
      .map((path) => [relative(root, path), readFileSync(path, 'utf8')]),
  )
}

/** Parses one file. Throws when it does not parse. */
export function readSource(path: string, source: string): SourceFacts {
  const facts: SourceFacts = { imports: [], outgoing: [] }
  const program = parseAst(source, { lang: path.endsWith('.tsx') ? 'tsx' : 'ts' })
  walk(program as unknown as Node, undefined, '', facts)
  return facts
}

function walk(node: Node, parent: Node | undefined, key: string, facts: SourceFacts): void {
  readImport(node, facts)
  readOutgoing(node, parent, key, facts)
  for (const [name, child] of Object.entries(node)) {
    for (const item of Array.isArray(child) ? child : [child]) {
      if (isNode(item)) walk(item, node, name, facts)
    }
  }
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

const field = (node: unknown, name: string): unknown => (isNode(node) ? node[name] : undefined)

function readImport(node: Node, facts: SourceFacts): void {
  const target = field(node['source'], 'value')
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration': {
      if (typeof target !== 'string') return
      const specifiers = Array.isArray(node['specifiers']) ? node['specifiers'] : []
      const kinds = [
        node['importKind'] ?? node['exportKind'],
        ...specifiers.map((one) => field(one, 'importKind') ?? field(one, 'exportKind')),
      ]
      const onlyTypes =
        kinds[0] === 'type' || (specifiers.length > 0 && kinds.slice(1).every((kind) => kind === 'type'))
      facts.imports.push({ target, kind: onlyTypes ? 'type' : 'value' })
      return
    }
    case 'TSImportType':
      facts.imports.push({ target: String(target), kind: 'type' })
      return
    case 'ImportExpression':
      facts.imports.push({
        target: typeof target === 'string' ? target : '(computed)',
        kind: 'value',
      })
  }
}

const globals = ['globalThis', 'self']

function readOutgoing(node: Node, parent: Node | undefined, key: string, facts: SourceFacts): void {
  if (node.type === 'NewExpression') {
    const name = field(node['callee'], 'name')
    if (name === 'WebSocket' || name === 'EventSource') facts.outgoing.push(`new ${name}`)
  }
  if (node.type === 'MemberExpression' && globals.includes(String(field(node['object'], 'name')))) {
    const name = field(node['property'], node['computed'] === true ? 'value' : 'name')
    if (name === 'fetch') facts.outgoing.push('globalThis.fetch')
  }
  if (node.type === 'Identifier' && node['name'] === 'fetch' && isReference(parent, key)) facts.outgoing.push('fetch')
}

/** False for a name that is only a member, a key or a type: `app.fetch`, `{ fetch() {} }`, `typeof fetch`. */
function isReference(parent: Node | undefined, key: string): boolean {
  if (parent === undefined || parent.type === 'TSTypeQuery') return false
  const named = parent.type === 'MemberExpression' ? key === 'property' : key === 'key'
  return !named || parent['computed'] === true
}
