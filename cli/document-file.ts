import { readFileSync } from 'node:fs'
import { LineCounter, parseAllDocuments, parseDocument } from 'yaml'
import type { Document } from 'yaml'
import type { Fault as DocumentFault, GatewayDocument } from '../src/gateways/document.ts'
import { parseDocument as parseGateway } from '../src/gateways/document.ts'
import { Fault } from './command.ts'

/** A gateway document and where it came from, so that a mistake can be shown where it stands. */
export type ReadDocument = {
  document: GatewayDocument
  /** The faults as `file:line: path: message`. */
  explain(faults: readonly DocumentFault[]): string
}

const maxAliases = 100

/** All documents of these files, each checked. `-` is standard input. */
export function readDocuments(files: readonly string[]): ReadDocument[] {
  const found = files.flatMap((file) => readFile(file))
  const names = found.map(({ document }) => document.name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw new Fault(`${twice} is described twice.`)
  return found
}

/** Any YAML or JSON file with one document. */
export function readData(file: string): unknown {
  const yaml = parseDocument(readText(file), { uniqueKeys: true, version: '1.2' })
  const [error] = yaml.errors
  if (error) throw new Fault(`${file}:${error.linePos?.[0].line ?? 1}: ${error.message.split('\n')[0]}`)
  return yaml.toJS({ maxAliasCount: maxAliases })
}

function readFile(file: string): ReadDocument[] {
  const lines = new LineCounter()
  const documents = parseAllDocuments(readText(file), { lineCounter: lines, uniqueKeys: true, version: '1.2' })
  if ('empty' in documents) throw new Fault(`${file}: there is no document in it.`)
  return documents.map((yaml) => {
    const [error] = yaml.errors
    if (error) throw new Fault(`${file}:${error.linePos?.[0].line ?? 1}: ${error.message.split('\n')[0]}`)
    const explain = (faults: readonly DocumentFault[]): string =>
      faults
        .map((one) => `${file}:${lineOf(yaml, one.path, lines)}: ${one.path || 'document'}: ${one.message}`)
        .join('\n')
    const parsed = parseGateway(yaml.toJS({ maxAliasCount: maxAliases }))
    if (!parsed.ok) throw new Fault(explain((parsed.error.evidence?.['faults'] ?? []) as DocumentFault[]))
    return { document: parsed.value, explain }
  })
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (cause) {
    throw new Fault(`${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

/** Of the deepest part of the path that is there. */
function lineOf(yaml: Document.Parsed, path: string, lines: LineCounter): number {
  const parts = [...path.matchAll(/([^.[\]]+)|\[(\d+)\]/g)].map(([, name, index]) => name ?? Number(index))
  for (let length = parts.length; length > 0; length--) {
    const node: unknown = yaml.getIn(parts.slice(0, length), true)
    const range = typeof node === 'object' && node !== null && 'range' in node ? (node.range as number[] | null) : null
    if (range?.[0] !== undefined) return lines.linePos(range[0]).line
  }
  return lines.linePos(yaml.range[0]).line
}
