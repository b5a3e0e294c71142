import { z } from 'zod'
import { defineTool } from '../kit/define-tool.ts'
import { github, loginOf, read } from './api.ts'
import { issueItem, issueOutput, issueRow } from './issue.ts'
import { orMissing, repositoryInput, repositoryPath } from './repository.ts'

export const createIssue = defineTool({
  name: 'CreateIssue',
  title: 'Create a GitHub issue',
  description:
    'Opens a new issue in a repository. Use it when the person asks to report, file or note something there. ' +
    'Each call makes another issue: look with GitHub_ListIssues first if it may exist already.',
  input: z.object({
    repository: repositoryInput,
    title: z.string().trim().min(1).max(256),
    body: z.string().max(60_000).default('').describe('Markdown.'),
    labels: z.array(z.string().max(100)).max(20).default([]),
    assignees: z.array(z.string().trim().max(60)).max(10).default([]).describe('Logins, or "me".'),
  }),
  output: issueOutput,
  behaviour: { operation: 'create', destructive: false, idempotent: false, openWorld: true },
  scopes: ['repo'],
  async run(input, use) {
    const path = `${await repositoryPath(use, input.repository)}/issues`
    const assignees = await Promise.all(input.assignees.map((person) => loginOf(use, person)))
    const body = { title: input.title, body: input.body, labels: input.labels, assignees }
    const created = orMissing(
      read(github(use, { method: 'POST', path, body }), issueRow),
      `Repository "${input.repository}"`,
    )
    return issueItem(await created, false)
  },
})
