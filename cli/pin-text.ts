import { plainLine } from '../src/audit/neutralise.ts'
import { isObject } from '../src/core/json.ts'
import { aligned } from './main.ts'
import type { Behaviour, Finding } from './upstream-text.ts'
import { behaviourText, findingLines } from './upstream-text.ts'

export type Pin = {
  kind: string
  name: string
  status: string
  hash: string
  /** Of a tool that waits: what it becomes. */
  countsAs: Behaviour | null
  findings: Finding[]
  definition: Readonly<Record<string, unknown>>
  differences: { path: string; before?: unknown; after?: unknown }[]
  differencesLeftOut: number
}

/** What there is, in a line each. */
export function pinRows(pins: readonly Pin[]): string[] {
  return aligned(
    pins.map(({ status, kind, name, countsAs, findings }) => {
      return [
        status,
        kind,
        plainLine(name),
        status === 'quarantined' && countsAs ? `would be ${behaviourText(countsAs)}` : behaviourText(countsAs),
        findings.length > 0 ? `${findings.length} found` : '',
      ]
    }),
  )
}

/** What was found in one and what changed; `whole`: also all that a client would get to read of it. */
export function pinLines(pin: Pin, whole: boolean): string[] {
  const { name, findings, differences, differencesLeftOut } = pin
  const lines = [
    ...findingLines(findings).map((line) => `${name}: ${line}`),
    ...differences.flatMap(({ path, before, after }) => [
      `${name}: ${path}`,
      ...(before === undefined ? [] : [`  - ${JSON.stringify(before)}`]),
      ...(after === undefined ? [] : [`  + ${JSON.stringify(after)}`]),
    ]),
    ...(differencesLeftOut > 0
      ? [`${name}: ${differencesLeftOut} more differences are not listed (--json has both definitions)`]
      : []),
  ]
  return [...lines.map(plainLine), ...(whole ? definitionLines(pin) : [])]
}

/** Each line of it stands further in, so that a text cannot pass for ours. */
function definitionLines({ kind, name, definition, differences }: Pin): string[] {
  const { title, description, inputSchema, arguments: given } = definition
  const texts = [title, description].flatMap((text) => (typeof text === 'string' ? text.split('\n') : []))
  const rows = Array.isArray(given) ? given.flatMap(argumentRow) : parameterRows(inputSchema)
  return [
    `${plainLine(name)} (${kind}${differences.length > 0 ? ', as it was admitted' : ''})`,
    ...texts.map((line) => `    ${plainLine(line)}`),
    ...aligned(rows).map((row) => `  ${row}`),
  ]
}

function parameterRows(schema: unknown): string[][] {
  if (!isObject(schema) || !isObject(schema['properties'])) return []
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  return Object.entries(schema['properties']).map(([name, one]) => {
    const { type, enum: values, description } = isObject(one) ? (one as Record<string, unknown>) : {}
    const shape = JSON.stringify(values ?? type) ?? ''
    return row(name, required.includes(name), shape.replaceAll('"', ''), description)
  })
}

function argumentRow(one: unknown): string[][] {
  if (!isObject(one)) return []
  const { name, required, description } = one as Record<string, unknown>
  return [row(String(name), required === true, '', description)]
}

const row = (name: string, required: boolean, shape: string, description: unknown): string[] =>
  [name, required ? 'required' : '', shape, typeof description === 'string' ? description : ''].map(plainLine)
