import { z } from 'zod'
import { toolsSchema } from '../policy/policy.ts'
import { kinds } from './detector.ts'

export const actions = ['nothing', 'mark', 'mask', 'withhold'] as const
export type Action = (typeof actions)[number]

const label = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,31}(?::[a-z0-9_.-]{1,64})?$/, 'A label is small letters, such as untrusted:web.')

const results = toolsSchema
  .optional()
  .describe('Whose results: as `tools` of a rule. Left out: those of everything at this gateway.')

/** `personal` stands for all personal data. */
const found = z.enum([...kinds, 'personal'])

/** What becomes of results before anybody sees them, as the administrator says. Part of the gateway document. */
export const screeningSchema = z
  .strictObject({
    defaults: z
      .boolean()
      .default(true)
      .describe(
        "Where no rule speaks, results of other people's servers are looked through: instructions are marked, hidden text and live secrets are masked, and each taints the session. Results of our own toolkits are not.",
      ),
    taints: z
      .array(
        z.strictObject({
          results,
          label: label
            .default('untrusted:tool')
            .describe('The label that the session gets. Rules ask for it with `taint`.'),
        }),
      )
      .max(200)
      .default([])
      .describe(
        'Every result of these taints the session, whatever is in it: tools that are not trusted, private files.',
      ),
    rules: z
      .array(
        z.strictObject({
          results,
          find: z
            .array(found)
            .min(1)
            .max(kinds.length + 1)
            .describe('What is looked for. `personal` is email, phone, card, iban and national_id together.'),
          action: z
            .enum(actions)
            .describe(
              'nothing: it is not looked for. mark: it goes on with a notice. mask: it is replaced. withhold: the whole result stays here.',
            ),
          taint: z
            .union([z.boolean(), label])
            .optional()
            .describe(
              'Whether finding it taints the session, and with which label. Default: untrusted:content, secret or personal; false with nothing.',
            ),
        }),
      )
      .max(200)
      .default([])
      .describe('For each kind the first rule that is about the result decides.'),
  })
  .prefault({})
  .describe('What tools, resources and prompts give back is looked through before it goes on.')

export type ScreeningSettings = z.output<typeof screeningSchema>
export type ScreeningRule = ScreeningSettings['rules'][number]
