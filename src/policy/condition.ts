import { z } from 'zod'
import { parseNetwork } from './address.ts'
import { durationSchema } from './duration.ts'
import { pathSchema } from './path.ts'
import { textModes } from './text.ts'
import { timeWindowSchema } from './time-window.ts'

const short = z.string().max(1024)
/** Integers beyond 2^53 cannot be told from their neighbours, so a rule may not name one (attack case 48). */
const number = z.number().min(Number.MIN_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER)
const scalar = z.union([short, number, z.boolean()])
const oneOrMore = z.union([short, z.array(short).min(1).max(500)])

/** Another value of the same question: an argument, or something of the user, the agent or the connection. */
export const referenceSchema = z
  .strictObject({
    argument: pathSchema.optional(),
    user: pathSchema.optional(),
    agent: pathSchema.optional(),
    connection: pathSchema.optional(),
  })
  .refine((ref) => Object.keys(ref).length === 1, { error: 'Name one of argument, user, agent or connection.' })

export type Reference = z.infer<typeof referenceSchema>

const sizeSchema = z
  .strictObject({
    eq: number.optional(),
    lt: number.optional(),
    lte: number.optional(),
    gt: number.optional(),
    gte: number.optional(),
  })
  .refine((size) => Object.keys(size).length > 0, { error: 'Say eq, lt, lte, gt or gte.' })

export type Size = z.infer<typeof sizeSchema>

export const operators = [
  'eq', 'ne', 'in', 'notIn', 'lt', 'lte', 'gt', 'gte', 'startsWith', 'endsWith', 'glob', 'contains', 'subsetOf',
  'exists', 'size', 'sameAs', 'every', 'some',
] as const // prettier-ignore

export const subjects = ['argument', 'item', 'user', 'agent', 'connection'] as const
export const facts = [
  'address', 'time', 'after', 'notAfter', 'steps', 'taint', 'signedInWithin', 'connectedWithin', 'startedWithin', 'task',
] as const // prettier-ignore
const forms = ['all', 'any', 'not', ...subjects, ...facts] as const

/** Which of a session's steps are meant. Absent keys do not narrow. */
export const stepSelectorSchema = z.strictObject({
  tools: z.array(short).min(1).max(100).optional(),
  operations: z
    .array(z.enum(['read', 'create', 'update', 'delete']))
    .min(1)
    .optional(),
  destructive: z.boolean().optional(),
  openWorld: z.boolean().optional(),
  outcome: z.enum(['done', 'failed', 'running', 'any']).optional(),
  within: durationSchema.optional(),
  /** Arguments that must be the same in the step and in this call. */
  sameArguments: z.array(pathSchema).min(1).max(16).optional(),
  /** A condition on the step's own arguments. */
  get where(): z.ZodOptional<typeof conditionSchema> {
    return conditionSchema.optional()
  },
})

export type StepSelector = z.infer<typeof stepSelectorSchema>

/**
 * A condition is one of: `all`, `any`, `not`; a subject with operators (all of which must hold); or one fact.
 * Inside `every` and `some` the subject is the element: leave it out, or say `item` with a path into it.
 */
export const conditionSchema = z
  .strictObject({
    get all(): z.ZodOptional<z.ZodArray<typeof conditionSchema>> {
      return z.array(conditionSchema).min(1).max(50).optional()
    },
    get any(): z.ZodOptional<z.ZodArray<typeof conditionSchema>> {
      return z.array(conditionSchema).min(1).max(50).optional()
    },
    get not(): z.ZodOptional<typeof conditionSchema> {
      return conditionSchema.optional()
    },

    argument: pathSchema.optional(),
    item: pathSchema.optional(),
    user: pathSchema.optional(),
    agent: pathSchema.optional(),
    connection: pathSchema.optional(),

    eq: scalar.optional(),
    ne: scalar.optional(),
    in: z.union([z.array(scalar).min(1).max(500), referenceSchema]).optional(),
    notIn: z.union([z.array(scalar).min(1).max(500), referenceSchema]).optional(),
    lt: number.optional(),
    lte: number.optional(),
    gt: number.optional(),
    gte: number.optional(),
    startsWith: oneOrMore.optional(),
    endsWith: oneOrMore.optional(),
    glob: oneOrMore.optional(),
    contains: scalar.optional(),
    subsetOf: z.union([z.array(scalar).min(1).max(500), referenceSchema]).optional(),
    exists: z.boolean().optional(),
    size: sizeSchema.optional(),
    sameAs: referenceSchema.optional(),
    get every(): z.ZodOptional<typeof conditionSchema> {
      return conditionSchema.optional()
    },
    get some(): z.ZodOptional<typeof conditionSchema> {
      return conditionSchema.optional()
    },
    text: z.enum(textModes).optional(),

    address: z
      .array(
        z.string().refine((text) => parseNetwork(text) !== null, {
          error: 'This is no address or network, such as 10.0.0.0/8.',
        }),
      )
      .min(1)
      .max(500)
      .optional(),
    time: timeWindowSchema.optional(),
    after: stepSelectorSchema.optional(),
    notAfter: stepSelectorSchema.optional(),
    steps: stepSelectorSchema.optional(),
    count: sizeSchema.optional(),
    taint: oneOrMore.optional(),
    signedInWithin: durationSchema.optional(),
    connectedWithin: durationSchema.optional(),
    startedWithin: durationSchema.optional(),
    task: oneOrMore.optional(),
  })
  .superRefine((condition, check) => {
    const fault = faultOf(condition)
    if (fault !== null) check.addIssue({ code: 'custom', message: fault })
  })

export type Condition = z.infer<typeof conditionSchema>

/** What a schema per form would say, but with one message that helps. */
function faultOf(condition: object): string | null {
  const has = (key: string): boolean => Object.hasOwn(condition, key)
  const named = forms.filter(has)
  const used = operators.filter(has)
  if (named.length > 1) return `One condition says one thing; this one says ${named.join(' and ')}. Use all or any.`
  const form = named[0]
  const isSubject = form === undefined || (subjects as readonly string[]).includes(form)
  if (isSubject && used.length === 0) return 'The condition compares with nothing: it needs an operator, such as eq.'
  if (!isSubject && used.length > 0) return `${used.join(', ')} needs a subject, such as argument.`
  if (has('text') && !isSubject) return 'text belongs to a comparison.'
  if (has('steps') !== has('count')) return 'steps and count belong together.'
  return null
}
