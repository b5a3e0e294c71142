import { readFileSync } from 'node:fs'
import { LineCounter, parseAllDocuments, parseDocument } from 'yaml'
import type { Document } from 'yaml'
import { Fault } from './command.ts'

export type YamlFault = { path: string; message: string }

/** One document of a YAML or JSON file, not yet checked. */
export type YamlDocument = {
  value: unknown
  /** The faults as `file:line: path: message`. */
  explain: (faults: readonly YamlFault[]) => string
}

const maxAliases = 100

/** All documents of a file. `-` is standard input. */
export function readYaml(file: string): YamlDocument[] {
  const lines = new LineCounter()
  const documents = parseAllDocuments(readText(file), { lineCounter: lines, uniqueKeys: true, version: '1.2' })
  if ('empty' in documents) throw new Fault(`${file}: there is no document in it.`)
  return documents.map((yaml) => {
    const [error] = yaml.errors
    if (error) throw new Fault(`${file}:${error.linePos?.[0].line ?? 1}: ${error.message.split('\n')[0]}`)
    const explain = (faults: readonly YamlFault[]): string =>
      faults
        .map((one) => `${file}:${lineOf(yaml, one.path, lines)}: ${one.path || 'document'}: ${one.message}`)
        .join('\n')
    return { value: yaml.toJS({ maxAliasCount: maxAliases }) as unknown, explain }
  })
}

/** Any YAML or JSON file with one document. */
export function readData(file: string): unknown {
  const yaml = parseDocument(readText(file), { uniqueKeys: true, version: '1.2' })
  const [error] = yaml.errors
  if (error) throw new Fault(`${file}:${error.linePos?.[0].line ?? 1}: ${error.message.split('\n')[0]}`)
  return yaml.toJS({ maxAliasCount: maxAliases })
}

export function readText(file: string): string {
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
