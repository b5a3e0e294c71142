import type { GatewayDocument } from '../src/gateways/document.ts'
import { parseDocument } from '../src/gateways/document.ts'
import { Fault } from './command.ts'
import type { YamlDocument, YamlFault } from './yaml-file.ts'
import { readYaml } from './yaml-file.ts'

/** A gateway document and where it came from, so that a mistake can be shown where it stands. */
export type ReadDocument = Pick<YamlDocument, 'explain'> & { document: GatewayDocument }

/** All documents of these files, each checked. `-` is standard input. */
export function readDocuments(files: readonly string[]): ReadDocument[] {
  const found = files.flatMap((file) => readYaml(file).map(asGateway))
  const names = found.map(({ document }) => document.name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw new Fault(`${twice} is described twice.`)
  return found
}

export function asGateway({ value, explain }: YamlDocument): ReadDocument {
  const parsed = parseDocument(value)
  if (!parsed.ok) throw new Fault(explain((parsed.error.evidence?.['faults'] ?? []) as YamlFault[]))
  return { document: parsed.value, explain }
}
