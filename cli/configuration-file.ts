import { parse as parseJson, printParseErrorCode } from 'jsonc-parser'
import type { ParseError } from 'jsonc-parser'
import { TomlError, parse as parseToml } from 'smol-toml'
import { Fault } from './command.ts'
import { readText } from './yaml-file.ts'

/**
 * A configuration file as programs keep them: TOML by its ending, otherwise JSON, in which editors allow comments and trailing
 * commas. No fault quotes the file, because credentials stand in it.
 */
export function readConfiguration(file: string): unknown {
  const content = readText(file).replace(/^\uFEFF/, '')
  return file.toLowerCase().endsWith('.toml') ? tomlOf(content, file) : jsonOf(content, file)
}

function jsonOf(content: string, file: string): unknown {
  const errors: ParseError[] = []
  const value: unknown = parseJson(content, errors, { allowTrailingComma: true })
  const [first] = errors
  if (!first) return value
  const line = content.slice(0, first.offset).split('\n').length
  throw new Fault(`${file}:${line}: it cannot be read as JSON (${printParseErrorCode(first.error)}).`)
}

function tomlOf(content: string, file: string): unknown {
  try {
    return parseToml(content)
  } catch (fault) {
    if (!(fault instanceof TomlError)) throw fault
    throw new Fault(`${file}:${fault.line}: it cannot be read as TOML.`)
  }
}
