import { defineTool, resolveReference, ToolError } from 'behalf/kit'
import { z } from 'zod'

const prices = [
  { name: 'Starter', monthly: 10 },
  { name: 'Team', monthly: 25 },
  { name: 'Enterprise', monthly: 60 },
]

export const priceQuote = defineTool({
  name: 'PriceQuote',
  title: 'Quote a price',
  description:
    'Says what a plan costs for a number of people. Use it before you write a price anywhere. It only calculates; nothing is sent or stored.',
  input: z.object({
    plan: z.string().min(1).max(100).describe('The plan as people call it, such as Team.'),
    seats: z.int().min(1).max(10_000).describe('For how many people.'),
    yearly: z.boolean().default(false).describe('Paid by the year, which costs ten months.'),
  }),
  output: z.object({ plan: z.string(), seats: z.int(), total: z.number(), currency: z.literal('EUR'), per: z.string() }),
  account: false,
  behaviour: { operation: 'read', destructive: false, idempotent: true, openWorld: false },
  async run({ plan, seats, yearly }) {
    const candidates = prices.map((value) => ({ value, names: [value.name] }))
    const { name, monthly } = resolveReference('plans', plan, candidates)
    if (name === 'Enterprise' && seats < 20) {
      throw new ToolError('bad_input', 'Enterprise begins at 20 people. Quote Team instead.', { choices: ['Team'] })
    }
    const total = monthly * seats * (yearly ? 10 : 1)
    return { plan: name, seats, total, currency: 'EUR' as const, per: yearly ? 'year' : 'month' }
  },
})
