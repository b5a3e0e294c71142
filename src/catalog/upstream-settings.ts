import { z } from 'zod'
import { identityProviderOf } from '../core/sign-in-provider.ts'
import type { Tool } from '../core/tool.ts'
import { pageSchema } from './app-page.ts'

/** Headers that a secret may stand in. The rest belongs to the connection, to the protocol or to the platform (attack case 52). */
const headerName = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,64}$/, 'use a header name')
  .refine(isCredentialHeader, { message: 'this header is not for credentials' })

export function isCredentialHeader(name: string): boolean {
  return !/^(host|cookie|content-|transfer-|connection|upgrade|te$|trailer|expect|mcp-|cf-|proxy-|accept|origin)/i.test(
    name,
  )
}

const headerValue = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[\x20-\x7e]+$/, 'use printable ASCII')
  .describe('Text with the names of secrets in braces: `Bearer {LINEAR_KEY}`.')

/** Headers whose values may hold names of secrets in braces. */
export const credentialHeaders = z.record(headerName, headerValue)

const provider = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_.:-]{0,63}$/)
  .describe('Id of the provider configuration whose grant is used.')
const ownProvider = provider.refine((id) => identityProviderOf(id) === null, {
  message: 'what a sign-in gave can only be exchanged',
})
const scopes = z.array(z.string().min(1).max(300)).max(100).default([])

/** Where a token is asked for, and as which client. */
const tokenEndpoint = {
  tokenUrl: z.url({ protocol: /^https?$/ }).max(2000),
  clientId: z.string().min(1).max(500),
  secret: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/)
    .nullable()
    .default(null)
    .describe('Name of the secret that is the client secret. null: a public client.'),
}

/** How we prove to the upstream who calls. What the client sent is never among it. */
export const credentialsSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none') }),
    z.strictObject({ kind: z.literal('headers'), headers: credentialHeaders }),
    z.strictObject({
      kind: z.literal('user'),
      provider: ownProvider,
      scopes,
      stepUp: z
        .boolean()
        .default(false)
        .describe('The server may ask each user for more than these scopes, when a call needs them.'),
    }),
    z.strictObject({
      kind: z.literal('service'),
      provider: ownProvider,
      serviceAccount: z
        .string()
        .min(1)
        .max(100)
        .describe('The service account whose credential at the provider is used.'),
      scopes,
    }),
    z.strictObject({
      kind: z.literal('exchange'),
      provider: provider.describe(
        'Whose grant is exchanged. `sign-in:` and the id of an identity provider: the ID token of the sign-in there.',
      ),
      scopes,
      ...tokenEndpoint,
      audience: z
        .string()
        .min(1)
        .max(2000)
        .optional()
        .describe('RFC 8693. With `redeem`: the issuer of the token there.'),
      resource: z.url().max(2000).optional().describe("Default: the server's address."),
      wants: z.array(z.string().min(1).max(300)).max(100).default([]).describe('Scopes of the token that is made.'),
      redeem: z
        .strictObject(tokenEndpoint)
        .optional()
        .describe('ID-JAG: what the exchange gives is presented here (RFC 7523), and the token that gives is used.'),
    }),
  ])
  .describe(
    'none; the same headers for everybody; the grant of each user; the grant of a service account; a token that is exchanged for the grant of each user (RFC 8693).',
  )

export const upstreamSettingsSchema = z.strictObject({
  title: z.string().trim().min(1).max(100).optional(),
  credentials: credentialsSchema.prefault({ kind: 'none' }),
  listing: credentialHeaders
    .optional()
    .describe('Headers with which its lists are read, where it wants a person for everything.'),
  listAs: z
    .string()
    .regex(/^[\w-]{1,100}$/)
    .optional()
    .describe('The user whose grant its lists are read with, where it wants a person for everything.'),
  timeoutMs: z.int().min(100).max(600_000).default(60_000),
  maxBytes: z.int().min(1024).max(50_000_000).default(5_000_000),
  admit: z
    .strictObject({
      additions: z
        .boolean()
        .default(false)
        .describe('New optional parameters without findings are admitted by themselves.'),
      tools: z.boolean().default(false).describe('New tools without findings are admitted by themselves.'),
    })
    .prefault({})
    .describe('What need not wait for an administrator. A changed text always waits.'),
  pages: pageSchema
    .optional()
    .describe(
      'Of a server with pages (MCP Apps): what they may reach and use beside what its list of resources says of them. More than both is cut off when a page is read.',
    ),
  allow: z
    .strictObject({
      providers: z.array(ownProvider).max(50).default([]),
      secrets: z
        .array(z.string().regex(/^[A-Za-z0-9_]{1,64}$/))
        .max(50)
        .default([]),
    })
    .prefault({})
    .describe(
      "Of a tool Worker: at which providers its tools may act with the person's account, and which secrets they get.",
    ),
})

export type UpstreamSettings = z.output<typeof upstreamSettingsSchema>
export type UpstreamCredentials = UpstreamSettings['credentials']

/** What a tool, prompt or resource of such an upstream needs before it can be used. */
export function needsOf(credentials: UpstreamCredentials): Pick<Tool, 'authorization' | 'secrets'> {
  if (credentials.kind === 'none') return { secrets: [] }
  if (credentials.kind === 'headers') return { secrets: namesInBraces(Object.values(credentials.headers)) }
  const authorization = { provider: credentials.provider, scopes: [...credentials.scopes] }
  if (credentials.kind === 'service') {
    return { authorization: { ...authorization, serviceAccount: credentials.serviceAccount }, secrets: [] }
  }
  if (credentials.kind === 'user') return { authorization, secrets: [] }
  const secrets = [credentials.secret, credentials.redeem?.secret ?? null].filter((name) => name !== null)
  return { authorization, secrets: [...new Set(secrets)] }
}

function namesInBraces(values: readonly string[]): string[] {
  return values.flatMap((value) => [...value.matchAll(/\{([A-Za-z0-9_]{1,64})\}/g)].map((match) => match[1] ?? ''))
}
