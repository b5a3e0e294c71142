import { z } from 'zod'
import { credentialHeaders } from '../catalog/catalog.ts'

export const decisionPointSchema = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .max(2000)
      .refine((url) => !/[#@]/.test(url), 'has no fragment and no password')
      .describe('Its evaluation endpoint, such as https://pdp.example.com/access/v1/evaluation.'),
    headers: credentialHeaders
      .default({})
      .describe('Headers of the request, with the names of secrets in braces: `Bearer {PDP_TOKEN}`.'),
    timeoutMs: z.int().min(50).max(10_000).default(1_000).describe('An answer that is later denies.'),
    arguments: z
      .boolean()
      .default(true)
      .describe('Whether the arguments of the call are sent. false: it decides without them.'),
  })
  .nullable()
  .default(null)
  .describe(
    "The company's own decision point (OpenID AuthZEN Authorization API 1.0). Asked for each call that the rules permit; it has to permit too. Any other answer, and none, denies.",
  )

export type DecisionPointSettings = NonNullable<z.output<typeof decisionPointSchema>>
