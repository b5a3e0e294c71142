import type { Json, JsonObject } from '../../core/json.ts'
import { isObject } from '../../core/json.ts'
import type { Tool } from '../../core/tool.ts'
import { plainWords, stem, wordsOf } from './words.ts'

/** `length`: how many words such a field usually has. */
export type Field = { words: string[]; weight: number; length: number }

const maxText = 4_000
const maxArguments = 60
const maxDepth = 3

/** What of a tool is searched, and how much a word in it says. */
export function fieldsOf(tool: Tool, app: string): Field[] {
  const { first, rest } = sentences(tool.description.slice(0, maxText))
  const args = argumentsOf(tool.inputSchema)
  return [
    { words: wordsOf(tool.name), weight: 3, length: 4 },
    // A title that only repeats the name would count twice.
    { words: tool.title === tool.name ? [] : wordsOf(tool.title), weight: 2, length: 4 },
    { words: wordsOf(app), weight: 1, length: 2 },
    { words: prose(first), weight: 1.5, length: 12 },
    // What follows says when to use which other tool.
    { words: prose(rest), weight: 0.4, length: 40 },
    { words: args.flatMap(({ name }) => wordsOf(name)), weight: 0.8, length: 8 },
    { words: args.flatMap(({ description }) => prose(description)), weight: 0.3, length: 40 },
  ]
}

/** Only names run words together. */
const prose = (text: string): string[] => plainWords(text).map(stem)

export function sentences(text: string): { first: string; rest: string } {
  const end = /[.!?](?=\s)|\n/.exec(text)
  const at = end ? end.index + 1 : text.length
  return { first: text.slice(0, at).trim(), rest: text.slice(at).trim() }
}

type Argument = { name: string; description: string }

/** Names and words of the arguments, those inside of others too. What a schema refers to elsewhere is not followed. */
function argumentsOf(schema: JsonObject): Argument[] {
  const found: Argument[] = []
  collect(schema, found, 0)
  return found
}

function collect(schema: Json | undefined, found: Argument[], depth: number): void {
  if (!isObject(schema) || depth > maxDepth) return
  const { properties, items } = schema as JsonObject
  if (isObject(properties)) {
    for (const [name, one] of Object.entries(properties as JsonObject)) {
      if (found.length >= maxArguments) return
      found.push({ name, description: describe(one) })
      collect(one, found, depth + 1)
    }
  }
  collect(items, found, depth + 1)
}

function describe(schema: Json): string {
  if (!isObject(schema)) return ''
  const { description, enum: choices } = schema as JsonObject
  const words = typeof description === 'string' ? description.slice(0, 500) : ''
  const values = Array.isArray(choices) ? choices.filter((one) => typeof one === 'string').slice(0, 20) : []
  return [words, ...values].join(' ')
}
