import { z } from 'zod'
import { selectionSchema } from '../catalog/catalog.ts'
import type { Json } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { rulesSchema } from '../policy/policy.ts'
import { screeningSchema } from '../screening/screening.ts'
import { assignmentSchema } from './assignment.ts'
import { decisionPointSchema } from './decision-point.ts'
import { findingSchema } from './finding.ts'

/**
 * The gateway document: what an administrator writes, in YAML or JSON, and what a version keeps. Strict: a key that is not
 * known here is a mistake, never ignored. Everything that is absent gets its default here and nowhere else.
 */
const slug = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, 'use 1 to 40 of a-z, 0-9 and -, not - at an end')
  .refine((name) => !reservedNames.has(name), 'this name is a page of Behalf; choose another')
  .describe('The name in the URL: https://{host}/{name}/mcp. Unique in the deployment, and never changed.')

/** First path segments that are ours, now or later. A gateway of that name would hide a page, or a page would hide it. */
export const reservedNames: ReadonlySet<string> = new Set(
  [
    'admin api app approvals approve assets authorize callback connect connections console disconnect docs health healthz help home',
    'inspect internal introspect login logout mcp me metrics oauth openapi register revoke saml scim session sessions setup sign-in sign-out ssf static',
    'status token tokens user users well-known www',
  ].flatMap((line) => line.split(' ')),
)

const list = <Item extends z.ZodType>(item: Item, max: number) =>
  z
    .array(item)
    .max(max)
    .refine((items) => new Set(items.map((one) => JSON.stringify(one))).size === items.length, 'has an entry twice')

const signInSchema = z
  .strictObject({
    modes: list(z.enum(['oauth', 'app_key']), 2)
      .min(1)
      .default(['oauth'])
      .describe('oauth: people sign in at the company. app_key: an application with a key names the user in a header.'),
    identityProvider: z
      .string()
      .min(1)
      .max(64)
      .nullable()
      .default(null)
      .describe('Id of the identity provider people sign in at. null: the only one of the project.'),
    trustedClients: list(z.string().min(1).max(2000), 100)
      .default([])
      .describe('Client ids whose users do not see the consent page.'),
  })
  .prefault({})

/** As `audit` understands them. */
const recordingMode = z.enum(['none', 'metadata', 'redacted', 'full'])

const recordingSchema = z
  .strictObject({
    arguments: recordingMode.default('redacted'),
    result: recordingMode.default('metadata'),
    names: list(z.string().min(1).max(100), 200)
      .default([])
      .describe('More names of fields whose values are hidden, wherever they stand.'),
  })
  .prefault({})
  .describe(
    'What the record keeps of a call beside the facts: nothing, its size and digest, the redacted text, or all.',
  )

const providersSchema = z
  .record(
    z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'use the id of a provider, such as github'),
    z.strictObject({
      maxScopes: list(z.string().min(1).max(300), 100)
        .nullable()
        .default(null)
        .describe('Tools of this gateway that need any other scope are not offered. null: no cap.'),
      oneConsent: z
        .boolean()
        .default(false)
        .describe(
          'Ask at the first consent for what all tools of this gateway need there, instead of tool by tool when each is first used.',
        ),
      accounts: list(z.string().min(1).max(200), 20)
        .default([])
        .describe(
          "Which of a person's accounts may be used here: names as the provider shows them, with * for any part. Empty: any.",
        ),
      serviceAccount: z
        .string()
        .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/)
        .nullable()
        .default(null)
        .describe("Tools use this service account's credential there, not the person's own. null: each person's own."),
    }),
  )
  .default({})
  .describe('Limits on what this gateway may use of a provider.')

export const documentSchema = z.strictObject({
  kind: z.literal('Gateway'),
  name: slug,
  title: z.string().trim().min(1).max(100).optional().describe('For people. Default: the name.'),
  description: z.string().max(2000).default('').describe('For people: what this gateway is for.'),
  instructions: z.string().max(10_000).default('').describe('For the model: given to every client that connects.'),
  enabled: z.boolean().default(true),
  pageSize: z.int().min(1).max(1000).default(1000).describe('Tools in one page of tools/list.'),
  signIn: signInSchema,
  for: assignmentSchema,
  tools: z.array(selectionSchema).max(200).default([]),
  finding: findingSchema,
  rules: rulesSchema.prefault({}),
  decisionPoint: decisionPointSchema,
  screening: screeningSchema,
  recording: recordingSchema,
  providers: providersSchema,
})

export type GatewayDocument = z.output<typeof documentSchema> & { title: string }

/** A mistake in a document: where, as a path in the document, and what to do. */
export type Fault = { path: string; message: string }

/**
 * Checks a document that has been read from YAML or JSON, and fills in the defaults.
 *
 * Errors: `gateways/invalid` with `faults` as evidence, the first fifty.
 */
export function parseDocument(value: unknown): Result<GatewayDocument> {
  const hostile = hostileKey(value, [])
  if (hostile) return invalid([hostile])
  const parsed = documentSchema.safeParse(value)
  if (parsed.success) return ok({ ...parsed.data, title: parsed.data.title ?? parsed.data.name })
  return invalid(parsed.error.issues.map((issue) => ({ path: pathText(issue.path), message: issue.message })))
}

export function invalid(faults: readonly Fault[]): Extract<Result<never>, { ok: false }> {
  const first = faults[0]
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : ''
  return refuse('gateways/invalid', {
    message: first ? `${first.path || 'document'}: ${first.message}${more}` : 'The gateway document is not valid.',
    evidence: { faults: faults.slice(0, 50) },
  })
}

/** `tools[0].include[2]` */
export function pathText(path: readonly PropertyKey[]): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i > 0 ? '.' : ''}${String(part)}`)).join('')
}

/** Copying such a key onto an object changes what the object is (attack case 47). */
function hostileKey(value: unknown, path: readonly PropertyKey[]): Fault | null {
  if (typeof value !== 'object' || value === null) return null
  if (path.length > 64) return { path: pathText(path.slice(0, 4)), message: 'is nested too deeply' }
  for (const [name, child] of Object.entries(value)) {
    const at = [...path, Array.isArray(value) ? Number(name) : name]
    const found = name === '__proto__' ? { path: pathText(at), message: 'cannot be a name' } : hostileKey(child, at)
    if (found) return found
  }
  return null
}

/** For editors. Made from the same schema, so that it cannot say something else. */
export function documentJsonSchema(): Json {
  return {
    ...(z.toJSONSchema(documentSchema, { io: 'input', unrepresentable: 'any' }) as Record<string, Json>),
    title: 'Behalf gateway',
  }
}
