import { z } from 'zod'
import { defineTool } from '../kit/define-tool.ts'
import { pageOutput, pagingInput, walkPages } from '../kit/paging.ts'
import { momentHint, parseMoment } from '../kit/time.ts'
import { github, loginOf, read } from './api.ts'
import { issueItem, issueOutput, issueRow } from './issue.ts'
import { orMissing, repositoryInput, repositoryPath } from './repository.ts'

const pageSize = 100

export const listIssues = defineTool({
  name: 'ListIssues',
  title: 'List issues of a GitHub repository',
  description:
    'Lists issues of one repository, the last changed first, without pull requests. Use it for "what is open", "my issues", ' +
    '"bugs since yesterday". For one pull request use GitHub_GetPullRequest.',
  input: z.object({
    repository: repositoryInput,
    state: z.enum(['open', 'closed', 'all']).default('open'),
    assignee: z.string().trim().max(60).optional().describe('A login, or "me".'),
    labels: z.array(z.string().max(100)).max(10).default([]).describe('Only issues that carry all of these.'),
    since: z.string().max(40).optional().describe(`Only issues changed since then: ${momentHint}`),
    include_body: z.boolean().default(false).describe('Adds the text of each issue. Leave it off unless it is needed.'),
    ...pagingInput,
  }),
  output: pageOutput(issueOutput),
  behaviour: { operation: 'read', destructive: false, idempotent: true, openWorld: true },
  scopes: ['repo'],
  async run(input, use) {
    const path = `${await repositoryPath(use, input.repository)}/issues`
    const assignee = input.assignee === undefined ? undefined : await loginOf(use, input.assignee)
    const since = input.since === undefined ? undefined : parseMoment(input.since, use.now)
    const labels = input.labels.length > 0 ? input.labels.join(',') : undefined
    const query = {
      state: input.state,
      sort: 'updated',
      direction: 'desc',
      per_page: pageSize,
      assignee,
      since,
      labels,
    }
    return walkPages({
      limit: input.limit,
      cursor: input.cursor,
      pageSize,
      fetchPage: (page) =>
        orMissing(
          read(github(use, { method: 'GET', path, query: { ...query, page } }), z.array(issueRow)),
          `Repository "${input.repository}"`,
        ),
      keep: (row) => (row.pull_request === undefined ? issueItem(row, input.include_body) : null),
    })
  },
})
