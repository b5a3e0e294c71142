import { defineTool, parseMoment } from 'behalf/kit'
import { z } from 'zod'

const issue = z.looseObject({ number: z.number(), title: z.string(), html_url: z.string(), updated_at: z.string() })
const dayMs = 86_400_000

export const staleIssues = defineTool({
  name: 'StaleIssues',
  title: 'Find stale issues',
  description:
    'Open issues of some repositories that nobody has touched for days, the oldest first. Use it to clean up; to see all open issues of one repository use GitHub_ListIssues.',
  input: z.object({
    repositories: z
      .array(z.string().regex(/^[\w.-]+\/[\w.-]+$/, 'write owner/name'))
      .min(1)
      .max(20)
      .describe('As owner/name.'),
    days: z.int().min(1).max(3_650).default(30),
  }),
  output: z.object({
    items: z.array(z.object({ repository: z.string(), number: z.int(), title: z.string(), url: z.string(), days: z.int() })),
    has_more: z.literal(false),
  }),
  behaviour: { operation: 'read', destructive: false, idempotent: true, openWorld: true },
  scopes: ['repo'],
  async run({ repositories, days }, use) {
    const { api, now, signal } = use
    const before = parseMoment(`last_${days}_days`, now)
    const items = []
    for (const [i, repository] of repositories.entries()) {
      if (signal.aborted) break
      use.progress(i, repositories.length, repository)
      // The token is put on by Behalf: this Worker never has it.
      const { body } = await api.request({
        method: 'GET',
        path: `/repos/${repository}/issues`,
        query: { state: 'open', sort: 'updated', direction: 'asc', per_page: 50 },
      })
      for (const one of z.array(issue).parse(body)) {
        if (one.updated_at >= before) continue
        const age = Math.floor((now - Date.parse(one.updated_at)) / dayMs)
        items.push({ repository, number: one.number, title: one.title, url: one.html_url, days: age })
      }
    }
    return { items: items.toSorted((a, b) => b.days - a.days), has_more: false as const }
  },
})
