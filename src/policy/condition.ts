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
    argument: pathSchema.optional().describe('An argument of the call.'),
    user: pathSchema.optional().describe('Something of the person.'),
    agent: pathSchema.optional().describe('Something of the application.'),
    connection: pathSchema.optional().describe('Something of the account that would be used.'),
  })
  .refine((ref) => Object.keys(ref).length === 1, { error: 'Name one of argument, user, agent or connection.' })

export type Reference = z.infer<typeof referenceSchema>

const sizeSchema = z
  .strictObject({
    eq: number.optional().describe('Exactly.'),
    lt: number.optional().describe('Fewer than.'),
    lte: number.optional().describe('At most.'),
    gt: number.optional().describe('More than.'),
    gte: number.optional().describe('At least.'),
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
  tools: z.array(short).min(1).max(100).optional().describe('Names, with `*` for any run of characters.'),
  operations: z
    .array(z.enum(['read', 'create', 'update', 'delete']))
    .min(1)
    .optional()
    .describe('What the step did.'),
  destructive: z.boolean().optional().describe('Whether it could not be taken back.'),
  openWorld: z.boolean().optional().describe('Whether it reached outside.'),
  outcome: z
    .enum(['done', 'failed', 'running', 'any'])
    .optional()
    .describe('How it ended. Default: done for `after`, any otherwise.'),
  within: durationSchema.optional().describe('Begun no longer ago than this, such as 10m.'),
  sameArguments: z
    .array(pathSchema)
    .min(1)
    .max(16)
    .optional()
    .describe('Arguments that must be the same in the step and in this call.'),
  get where(): z.ZodOptional<typeof conditionSchema> {
    return conditionSchema.optional().describe("A condition on the step's own arguments.")
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
      return z.array(conditionSchema).min(1).max(50).optional().describe('Every one holds. Read in order.')
    },
    get any(): z.ZodOptional<z.ZodArray<typeof conditionSchema>> {
      return z.array(conditionSchema).min(1).max(50).optional().describe('At least one holds. Read in order.')
    },
    get not(): z.ZodOptional<typeof conditionSchema> {
      return conditionSchema.optional().describe('It does not hold. An error stays an error.')
    },

    argument: pathSchema.optional().describe('Subject: an argument of the call, such as order.total.'),
    item: pathSchema.optional().describe('Subject, within every and some: a path into the element.'),
    user: pathSchema.optional().describe('Subject: the person, such as groups or attributes.level.'),
    agent: pathSchema.optional().describe('Subject: the application, such as trust.'),
    connection: pathSchema.optional().describe('Subject: the account that would be used, such as scopes.'),

    eq: scalar.optional().describe('Equal.'),
    ne: scalar.optional().describe('Not equal, and of the same kind.'),
    in: z
      .union([z.array(scalar).min(1).max(500), referenceSchema])
      .optional()
      .describe('One of these, or of a list of the user, the agent, the connection or the arguments.'),
    notIn: z
      .union([z.array(scalar).min(1).max(500), referenceSchema])
      .optional()
      .describe('None of these, and of the same kind.'),
    lt: number.optional().describe('A number below.'),
    lte: number.optional().describe('A number up to.'),
    gt: number.optional().describe('A number above.'),
    gte: number.optional().describe('A number from.'),
    startsWith: oneOrMore.optional().describe('A text that begins with one of these.'),
    endsWith: oneOrMore.optional().describe('A text that ends with one of these.'),
    glob: oneOrMore.optional().describe('A text of one of these forms; `*` is any run of characters.'),
    contains: scalar.optional().describe('A part of a text, or an element of a list.'),
    subsetOf: z
      .union([z.array(scalar).min(1).max(500), referenceSchema])
      .optional()
      .describe('A list with nothing else in it.'),
    exists: z.boolean().optional().describe('Whether it is there. null is not there.'),
    size: sizeSchema.optional().describe('How many elements a list has, or characters a text.'),
    sameAs: referenceSchema.optional().describe('Equal to another value of the same call.'),
    get every(): z.ZodOptional<typeof conditionSchema> {
      return conditionSchema.optional().describe('Holds for every element of a list.')
    },
    get some(): z.ZodOptional<typeof conditionSchema> {
      return conditionSchema.optional().describe('Holds for at least one element of a list.')
    },
    text: z
      .enum(textModes)
      .optional()
      .describe('How text is read. Left out: as written, and what only looks alike is an error.'),

    address: z
      .array(
        z.string().refine((text) => parseNetwork(text) !== null, {
          error: 'This is no address or network, such as 10.0.0.0/8.',
        }),
      )
      .min(1)
      .max(500)
      .optional()
      .describe("The client's address is in one of these networks, such as 10.0.0.0/8."),
    time: timeWindowSchema.optional().describe('It is this time now.'),
    after: stepSelectorSchema.optional().describe('A step of the session is done.'),
    notAfter: stepSelectorSchema.optional().describe('No step of the session has even begun.'),
    steps: stepSelectorSchema.optional().describe('So many steps, with count.'),
    count: sizeSchema.optional().describe('With steps: how many.'),
    taint: oneOrMore.optional().describe('Results gave the session such a label, as untrusted:*. It stays.'),
    signedInWithin: durationSchema.optional().describe('The person signed in no longer ago than this.'),
    connectedWithin: durationSchema.optional().describe('The account was connected no longer ago than this.'),
    startedWithin: durationSchema.optional().describe('The session began no longer ago than this.'),
    task: oneOrMore.optional().describe('The task that the agent names.'),
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
