import type { Toolkit } from 'behalf/kit'
import { priceQuote } from './tools/price-quote.ts'
import { staleIssues } from './tools/stale-issues.ts'

/** The tools of this repository. `provider`: whose account of the person they use. */
export const acme: Toolkit = {
  name: 'Acme',
  title: 'Acme',
  provider: 'github',
  tools: [priceQuote, staleIssues],
}
