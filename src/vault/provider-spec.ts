import { z } from 'zod'

/**
 * An OAuth 2 service with its quirks, as data: what an administrator could also write in a gateway document. Strings with
 * `{…}` are templates (template.ts). Values in reach: `client_id`, `client_secret`, `redirect_uri`, `scopes`,
 * `existing_scopes`, `code`, `code_verifier`, `access_token`, `refresh_token`, the administrator's `variables` by name,
 * `token` (the token endpoint's answer), `account` (the account probe's answer), `details` (what was kept at connecting).
 */
const template = z.string().max(2_000)
const httpsUrl = template.regex(/^(https:\/\/|\{\+)/, 'must begin with https:// or a {+value}')
const origin = z
  .string()
  .regex(/^https:\/\/(\*\.)?[a-z0-9.{}+_-]+(:\d{2,5})?$/, 'must be https://host or https://*.host')
const strings = z.record(z.string(), template).default({})

const method = z.enum(['GET', 'POST', 'DELETE', 'PUT', 'PATCH'])
/** How the caller shows who it is: the client by Basic or in the body, or the user's token. Never two of them. */
const auth = z.enum(['client', 'basic', 'body', 'bearer', 'none'])
const format = z.enum(['form', 'json', 'query', 'none'])

const request = z.strictObject({
  url: httpsUrl,
  method: method.default('POST'),
  auth: auth.default('client'),
  format: format.default('form'),
  headers: strings,
  params: strings,
  /** For `json`: members that are not text, each by the path of its value. What has no value is left out. */
  members: strings,
})

const revocation = request.extend({
  what: z.enum(['access_token', 'refresh_token']).default('access_token'),
  /** Asked before; its answer is `found`. For providers that revoke by an id. */
  find: request.optional(),
})

/** Where things are in the token endpoint's answer. */
const answer = z.strictObject({
  accessToken: template.default('access_token'),
  refreshToken: template.default('refresh_token'),
  /** Seconds from now, as a number or a string. */
  expiresIn: template.default('expires_in'),
  /** Epoch seconds or a date (RFC 3339), where the provider gives that instead. */
  expiresAt: template.optional(),
  refreshExpiresIn: template.default('refresh_token_expires_in'),
  /** A string in the provider's separators, or a list. */
  scope: template.default('scope'),
  error: template.default('error'),
  /** Error codes that mean this grant is dead, beyond the usual ones. */
  deadErrors: z.array(z.string()).default([]),
})

export const providerSpecSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/),
  name: z.string().min(1).max(60),
  /** Where this was read. */
  docs: z.url().optional(),
  /** What the administrator has to fill in. The kind is what a value must look like: it becomes part of a host name. */
  variables: z
    .record(
      z.string().regex(/^[a-z_]+$/),
      z.strictObject({ kind: z.enum(['label', 'host', 'word']), default: z.string().optional(), about: z.string() }),
    )
    .default({}),
  scopes: z
    .strictObject({
      separator: z.enum([' ', ',']).default(' '),
      parameter: z.string().default('scope'),
      /** Asked for with every consent: `offline_access`, identity scopes for the account probe. */
      always: z.array(z.string()).default([]),
      /** A broader scope covers narrower ones. */
      implies: z.record(z.string(), z.array(z.string())).default({}),
      /** Cut from the front of what the provider reports, e.g. `https://graph.microsoft.com/`. */
      strip: z.string().optional(),
      /** `app`: permissions are set at the provider's application and neither asked for nor reported. */
      model: z.enum(['asked', 'app']).default('asked'),
    })
    .prefault({}),
  authorize: z.strictObject({ url: httpsUrl, params: strings }),
  pkce: z.boolean().default(true),
  /** How the client shows who it is at the token endpoint. */
  client: z.enum(['body', 'basic', 'none']).default('body'),
  /** The token endpoint keeps to RFC 6749 §5, so that its answers are held against it strictly. */
  conforming: z.boolean().default(false),
  /** RFC 9207: the `iss` that the callback carries. Without it `iss` says nothing: each provider has a callback of its own. */
  issuer: template.optional(),
  /** The server announces `iss`, so an answer without one is refused (mix-up attack). */
  issuerRequired: z.boolean().default(false),
  token: request.extend({ params: strings }),
  answer: answer.prefault({}),
  /** Used when the answer names no expiry. Null: does not expire. */
  expiresInMs: z.int().positive().nullable().default(null),
  /** Asked after each token for the expiry or the scopes, where the answer has none (RFC 7662). */
  introspect: request
    .extend({
      expiresAt: template.optional(),
      expiresIn: template.optional(),
      scope: template.optional(),
    })
    .optional(),
  refresh: z
    .strictObject({
      /** Only what differs from the token endpoint, and how its answer differs. */
      url: httpsUrl.optional(),
      method: method.optional(),
      auth: auth.optional(),
      format: format.optional(),
      headers: z.record(z.string(), template).optional(),
      params: strings,
      answer: answer.optional(),
      /** `rotates`: a new refresh token comes each time. `single_use`: and the old access token dies with the old one. */
      rotation: z.enum(['none', 'rotates', 'single_use']).default('rotates'),
      /** The provider takes a used refresh token again for this long. */
      leewayMs: z.int().nonnegative().default(0),
      /** A refresh token dies when unused for this long: the vault keeps it alive. */
      idleMs: z.int().positive().nullable().default(null),
    })
    .nullable()
    .default(null),
  /** Null: the provider has no way to revoke, and the user is told so. */
  revoke: revocation.nullable(),
  /** What a service account may use instead of a person's consent. */
  service: z
    .strictObject({
      /** How a key is put on a request, where that is not as with a token. */
      apiKey: z
        .strictObject({ header: z.strictObject({ name: z.string(), prefix: z.string() }).optional() })
        .prefault({}),
      /** RFC 6749 §4.4. `params` come last, so that they can say another grant type. */
      clientCredentials: z
        .strictObject({
          params: strings,
          /** RFC 7523 §2.2: the client may show itself by a key. `audience`: the issuer. */
          assertion: z.strictObject({ audience: template }).optional(),
        })
        .optional(),
      /** RFC 7523 */
      jwtBearer: z
        .strictObject({
          /** Not where the assertion is exchanged. */
          audience: template.optional(),
          /** The assertion's own life. The token has another. */
          lifetimeMs: z.int().positive().max(3_600_000).default(180_000),
          algorithm: z.enum(['RS256', 'ES256']).default('RS256'),
          subject: z.enum(['optional', 'required']).default('optional'),
          /** `permissions`: each is `name:level`, and together they are a member of the exchange. */
          scopes: z.enum(['claim', 'parameter', 'permissions', 'none']).default('parameter'),
          params: strings,
          /**
           * Where the assertion is no grant but shows itself who asks, at a request of its own (GitHub Apps). In reach:
           * `assertion`, `subject`, `permissions` and `repositories`. Its tokens are told and taken back in this way.
           */
          exchange: z.strictObject({ request, answer: answer.prefault({}), revoke: revocation.nullable() }).optional(),
        })
        .optional(),
    })
    .prefault({}),
  account: z.strictObject({
    /** Without it, `token` already says who it is. */
    request: request.optional(),
    id: template,
    label: template,
    email: template.optional(),
    /** Small things to keep for later calls, e.g. the address of the customer's own instance. */
    details: strings,
    /** Post-connect step: one more question, whose answer is `more` in its details. */
    more: z.strictObject({ request, details: strings }).optional(),
  }),
  api: z.strictObject({
    base: httpsUrl,
    /** Where the token may be sent. `*.` covers any depth; a base that comes from the provider must be among these. */
    origins: z.array(origin).min(1),
    header: z
      .strictObject({ name: z.string(), prefix: z.string() })
      .default({ name: 'authorization', prefix: 'Bearer ' }),
  }),
})

export type ProviderSpec = z.output<typeof providerSpecSchema>
export type ProviderSpecInput = z.input<typeof providerSpecSchema>
export type RequestSpec = z.output<typeof request>

export function defineProvider(spec: ProviderSpecInput): ProviderSpec {
  return providerSpecSchema.parse(spec)
}
