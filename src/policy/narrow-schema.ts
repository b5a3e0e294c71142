import { isObject, type Json, type JsonObject } from '../core/json.ts'
import type { CompiledRules } from './compile.ts'
import type { Context } from './context.ts'
import { openVoices } from './decide.ts'
import type { Question } from './decision.ts'
import { onlyUnless, pinnedValues, speaksOf } from './pins.ts'
import type { Condition } from './condition.ts'
import { TRUE } from './truth.ts'
import { contextOf, type Voices } from './weigh.ts'

const mostValues = 100

/**
 * The tool's input schema for this person through this agent, or null when no arguments could be permitted (then lists do
 * not show the tool; the same as `couldPermit`, asked once). Where rules leave an argument only a few values, it says
 * so, and a model does not have to find out by being refused. A hint and no check: `decide` decides. Top-level
 * arguments only. Returns the same object when nothing is narrowed, and never changes the one it was given.
 */
export function narrowSchema(
  compiled: CompiledRules,
  question: Question,
  now: number,
  inputSchema: JsonObject,
): JsonObject | null {
  const context = contextOf(question.arguments === null ? question : { ...question, arguments: null }, now, true)
  const voices = openVoices(compiled, context)
  if (voices === null) return null
  const { properties } = inputSchema
  if (!isObject(properties) || !speakOfArguments(voices)) return inputSchema
  const narrowed: [string, JsonObject][] = []
  for (const [name, property] of Object.entries(properties)) {
    if (!isObject(property)) continue
    const values = allowedValues(voices, name, property as JsonObject, context)
    if (values === null || values.length === 0 || values.length > mostValues) continue
    narrowed.push([name, { ...(property as JsonObject), enum: values }])
  }
  if (narrowed.length === 0) return inputSchema
  const required = Array.isArray(inputSchema['required']) ? inputSchema['required'] : []
  return {
    ...inputSchema,
    // fromEntries defines own properties, whatever their names.
    properties: Object.fromEntries([...Object.entries(properties as JsonObject), ...narrowed]),
    // A clause on an argument that is missing errs, so an argument that rules narrow has to be there.
    required: [...new Set([...required, ...narrowed.map(([name]) => name)])],
  }
}

/** Few rules have a condition: without one there is nothing to go through the arguments for. */
const speakOfArguments = ({ user, agent, forbid }: Voices): boolean =>
  [user, agent, forbid].some((voices) => voices.some(({ of }) => of.rule.when !== undefined))

/** Null: nothing to say. */
function allowedValues(voices: Voices, name: string, property: JsonObject, context: Context): Json[] | null {
  const own = Array.isArray(property['enum']) ? property['enum'] : null
  const lists = [...restrictions(voices, name, context), ...(own === null ? [] : [own])]
  if (lists.length === 0) return null
  const common = lists.reduce((both, list) => both.filter((value) => list.includes(value)))
  const against = forbidding(voices)
  const left = common.filter((value) => !against.some((when) => speaksOf(when, name, value, context)))
  return own !== null && left.length === own.length ? null : left
}

/** What each side's permits leave, and what each forbid leaves. */
function restrictions(voices: Voices, name: string, context: Context): Json[][] {
  const lists: Json[][] = []
  for (const side of ['user', 'agent'] as const) {
    const permits = voices[side].filter(({ value }) => (value & TRUE) !== 0)
    const pins = permits.map(({ of }) =>
      of.rule.when === undefined ? null : pinnedValues(of.rule.when, name, context),
    )
    if (pins.length > 0 && !pins.includes(null)) lists.push([...new Set(pins.flatMap((values) => values ?? []))])
  }
  for (const when of forbidding(voices)) {
    const only = when.not === undefined ? onlyUnless(when, name, context) : pinnedValues(when.not, name, context)
    if (only !== null) lists.push(only)
  }
  return lists
}

const forbidding = (voices: Voices): Condition[] =>
  voices.forbid.map(({ of }) => of.rule.when).filter((when) => when !== undefined)
