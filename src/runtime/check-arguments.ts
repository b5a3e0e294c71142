import type { JsonSchemaType, JsonSchemaValidator } from '@modelcontextprotocol/server'
import { CfWorkerJsonSchemaValidator } from '@modelcontextprotocol/server/validators/cf-worker'
import type { z } from 'zod'
import type { Json, JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import { paramHeadersFit } from '../core/param-headers.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { Tool } from '../core/tool.ts'
import { definedTool } from '../toolkits/toolkits.ts'
import type { ToolCall } from './ports.ts'
import { inexactNumber } from './inexact-number.ts'
import { isBounded } from './schema-cost.ts'

const noArguments: JsonObject = {}

type CheckedCall = Pick<ToolCall, 'arguments' | 'about' | 'paramHeaders'>

/**
 * Arguments as the tool will get them: checked against its schema before any rule sees them (attack case 50), with our own
 * tools' defaults filled in, so that a rule decides on what will run.
 *
 * Errors: `mcp/header_mismatch`; `runtime/invalid_arguments`, with what is wrong and where in `help.text`; `upstream/failed`
 * where its schema cannot be used.
 */
export function checkArguments(tool: Tool, { arguments: args, about, paramHeaders }: CheckedCall): Result<JsonObject> {
  if (paramHeaders && !paramHeadersFit(tool.inputSchema, args, paramHeaders)) return refuse('mcp/header_mismatch')
  const inexact = inexactNumber(args, 'arguments')
  if (inexact !== null)
    return invalid(`${inexact}: a whole number beyond 2^53 cannot be passed on exactly. Write it as text.`)
  // What is being completed is not whole yet.
  if (about?.method === 'completion/complete') return ok(args)
  const { source } = tool
  if (source.kind === 'toolkit') {
    const defined = definedTool(source)
    // Ours to read and not the tool's; rules see it.
    const account = tool.authorization?.takesAccount ? args['account'] : undefined
    const isNamed = typeof account === 'string' && account.length <= 200
    if (account !== undefined && !isNamed) return invalid('account: use the name of a connected account')
    const { account: _, ...own } = isNamed ? args : noArguments
    const parsed = defined?.input.safeParse(isNamed ? own : args)
    if (!parsed) return invalid('the tool is not part of this release')
    if (!parsed.success) return invalid(zodFaults(parsed.error))
    const data = parsed.data as JsonObject
    return ok(isNamed ? { ...data, account } : data)
  }
  const whole = source.kind === 'worker' ? withDefaults(tool.inputSchema, args) : args
  try {
    const checked = validatorFor(tool)(whole)
    return checked.valid ? ok(whole) : invalid(checked.errorMessage)
  } catch (cause) {
    // A schema that refers to another document, which is never fetched, or to itself for ever.
    return refuse('upstream/failed', { evidence: { fault: 'schema', cause: String(cause).slice(0, 500) } })
  }
}

/** Of a tool Worker's own schema, which the kit made: rules see what will run. */
function withDefaults({ properties }: JsonObject, args: JsonObject): JsonObject {
  if (!isObject(properties)) return args
  const missing = Object.entries(properties as JsonObject).flatMap(([name, schema]) =>
    isObject(schema) && 'default' in schema && !Object.hasOwn(args, name) ? [[name, schema['default']]] : [],
  )
  return missing.length === 0 ? args : { ...(Object.fromEntries(missing) as JsonObject), ...args }
}

/** What a tool Worker gave back, by the output schema that was admitted. */
export function resultFits({ outputSchema }: Tool, value: Json): boolean {
  if (!outputSchema) return true
  let check = resultValidators.get(outputSchema)
  if (!check) {
    check = validator.getValidator(withoutPatterns(outputSchema) as JsonSchemaType)
    resultValidators.set(outputSchema, check)
  }
  return check(value).valid
}

function invalid(faults: string): Result<JsonObject> {
  return refuse('runtime/invalid_arguments', { help: { text: faults.slice(0, 2_000) }, evidence: { faults } })
}

export function zodFaults(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'arguments'}: ${issue.message}`).join('; ')
}

const validator = new CfWorkerJsonSchemaValidator()
const validators = new WeakMap<Tool, JsonSchemaValidator<unknown>>()
const resultValidators = new WeakMap<JsonObject, JsonSchemaValidator<unknown>>()

function validatorFor(tool: Tool): JsonSchemaValidator<unknown> {
  let check = validators.get(tool)
  if (!check) {
    if (!isBounded(tool.inputSchema)) throw new RangeError('a schema that refers to itself, or multiplies')
    check = validator.getValidator(withoutPatterns(tool.inputSchema) as JsonSchemaType)
    validators.set(tool, check)
  }
  return check
}

/**
 * Somebody else's regular expressions do not run here: the engine backtracks, and one pattern could hold the session
 * (attack case 51). Their own server checks them.
 */
function withoutPatterns(schema: Json, inProperties = false): Json {
  if (Array.isArray(schema)) return schema.map((item) => withoutPatterns(item))
  if (!isObject(schema)) return schema
  return Object.fromEntries(
    Object.entries(schema as JsonObject)
      .filter(([name]) => inProperties || (name !== 'pattern' && name !== 'patternProperties'))
      .map(([name, value]) => [
        name,
        inert.has(name) && !inProperties ? value : withoutPatterns(value, !inProperties && name === 'properties'),
      ]),
  )
}

/** Keywords whose values are data, not schemas. */
const inert = new Set(['const', 'enum', 'default', 'examples'])
