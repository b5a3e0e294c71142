import { z } from 'zod'
import type { ToolUse } from '../kit/define-tool.ts'
import { defineTool } from '../kit/define-tool.ts'
import { ToolError } from '../kit/errors.ts'
import { github, isRefused, read } from './api.ts'
import { pullRequestItem, pullRequestOutput, pullRequestRow } from './pull-request.ts'
import { orMissing, repositoryInput, repositoryPath, repositoryRow } from './repository.ts'

const branch = z.string().trim().min(1).max(255)

export const createPullRequest = defineTool({
  name: 'CreatePullRequest',
  title: 'Create a GitHub pull request',
  description:
    'Opens a pull request from a branch that is already pushed. Use it when the person asks to propose or review changes. ' +
    'It does not push code or create the branch.',
  input: z.object({
    repository: repositoryInput,
    title: z.string().trim().min(1).max(256),
    from_branch: branch.describe('The branch with the changes. For a fork: "owner:branch".'),
    into_branch: branch.optional().describe("Leave out for the repository's default branch."),
    body: z.string().max(60_000).default('').describe('Markdown.'),
    draft: z.boolean().default(false),
  }),
  output: pullRequestOutput,
  behaviour: { operation: 'create', destructive: false, idempotent: false, openWorld: true },
  scopes: ['repo'],
  async run(input, use) {
    const repository = await repositoryPath(use, input.repository)
    const base = input.into_branch ?? (await defaultBranch(use, repository, input.repository))
    const body = { title: input.title, head: input.from_branch, base, body: input.body, draft: input.draft }
    try {
      const created = read(github(use, { method: 'POST', path: `${repository}/pulls`, body }), pullRequestRow)
      return pullRequestItem(await orMissing(created, `Repository "${input.repository}"`), false)
    } catch (cause) {
      if (!isRefused(cause, 422)) throw cause
      throw await explainRefusal(use, repository, input.from_branch, base, cause)
    }
  },
})

async function defaultBranch(use: ToolUse, path: string, said: string): Promise<string> {
  const row = await orMissing(read(github(use, { method: 'GET', path }), repositoryRow), `Repository "${said}"`)
  return row.default_branch
}

/** GitHub says 422 for a missing branch, no difference, and an open pull request alike. */
async function explainRefusal(
  use: ToolUse,
  path: string,
  from: string,
  into: string,
  cause: unknown,
): Promise<ToolError> {
  for (const wanted of from.includes(':') ? [into] : [from, into]) {
    if (await branchExists(use, path, wanted)) continue
    const more = { choices: await someBranches(use, path), cause }
    return new ToolError('bad_input', `There is no branch "${wanted}". It has to be pushed first.`, more)
  }
  const text = `GitHub does not open a pull request from "${from}" into "${into}": there is nothing new, or one is open already.`
  return new ToolError('conflict', text, { cause })
}

async function branchExists(use: ToolUse, path: string, name: string): Promise<boolean> {
  try {
    await github(use, { method: 'GET', path: `${path}/branches/${encodeURIComponent(name)}` })
    return true
  } catch (cause) {
    if (isRefused(cause, 404)) return false
    throw cause
  }
}

async function someBranches(use: ToolUse, path: string): Promise<string[]> {
  const query = { per_page: 10 }
  const rows = await read(github(use, { method: 'GET', path: `${path}/branches`, query }), z.array(branchRow))
  return rows.map(({ name }) => name)
}

const branchRow = z.object({ name: z.string() })
