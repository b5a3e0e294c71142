import { z } from 'zod'
import { defineTool } from '../kit/define-tool.ts'
import { github, read } from './api.ts'
import { pullRequestItem, pullRequestOutput, pullRequestRow } from './pull-request.ts'
import { orMissing, repositoryInput, repositoryPath } from './repository.ts'

export const getPullRequest = defineTool({
  name: 'GetPullRequest',
  title: 'Get a GitHub pull request',
  description:
    'Reads one pull request by its number: state, branches, size, whether it can be merged. ' +
    'Use it when the person names a pull request. For issues use GitHub_ListIssues.',
  input: z.object({
    repository: repositoryInput,
    number: z.number().int().min(1).describe('The number people see, as in #42.'),
    include_body: z.boolean().default(false),
  }),
  output: pullRequestOutput,
  behaviour: { operation: 'read', destructive: false, idempotent: true, openWorld: true },
  scopes: ['repo'],
  async run(input, use) {
    const path = `${await repositoryPath(use, input.repository)}/pulls/${input.number}`
    const what = `Pull request #${input.number} in "${input.repository}"`
    const row = await orMissing(read(github(use, { method: 'GET', path }), pullRequestRow), what)
    return pullRequestItem(row, input.include_body)
  },
})
