import { z } from 'zod'
import type { ToolUse } from '../kit/define-tool.ts'
import { ToolError } from '../kit/errors.ts'
import { resolveReference } from '../kit/resolve.ts'
import { github, isRefused, read } from './api.ts'

export const repositoryInput = z
  .string()
  .trim()
  .min(1)
  .max(140)
  .describe('Repository as a person says it: "web-shop" or "acme/web-shop".')

export const repositoryRow = z.object({
  name: z.string(),
  full_name: z.string(),
  private: z.boolean().default(false),
  description: z.string().nullable().default(null),
  default_branch: z.string().default('main'),
  archived: z.boolean().default(false),
  html_url: z.string(),
  updated_at: z.string().nullish(),
})

export type RepositoryRow = z.output<typeof repositoryRow>

const pageSize = 100
/** People have their repository among the 300 they touched last; beyond that, they can say the owner. */
const searchedPages = 3

/** `/repos/{owner}/{name}` of the repository a person means. */
export async function repositoryPath(use: ToolUse, reference: string): Promise<string> {
  const [owner, name, ...rest] = reference
    .replace(/^https:\/\/github\.com\//i, '')
    .replace(/\.git$/, '')
    .split('/')
  if (owner && name && rest.length === 0) return pathOf(owner, name)
  if (!owner || name !== undefined)
    throw new ToolError('bad_input', `"${reference}" is not a repository. Say "name" or "owner/name".`)
  const mine = await myRepositories(use)
  const found = resolveReference(
    'repositories you can see',
    owner,
    mine.map((row) => ({ value: row, names: [row.full_name, row.name] })),
  )
  const [foundOwner = '', foundName = ''] = found.full_name.split('/')
  return pathOf(foundOwner, foundName)
}

function pathOf(owner: string, name: string): string {
  const legal = /^[\w.-]{1,100}$/
  if (!legal.test(owner) || !legal.test(name) || name === '.' || name === '..') {
    throw new ToolError('bad_input', `"${owner}/${name}" is not a repository name.`)
  }
  return `/repos/${owner}/${name}`
}

export function repositoryPage(use: ToolUse, page: number): Promise<RepositoryRow[]> {
  const query = { sort: 'updated', direction: 'desc', per_page: pageSize, page }
  return read(github(use, { method: 'GET', path: '/user/repos', query }), z.array(repositoryRow))
}

async function myRepositories(use: ToolUse): Promise<RepositoryRow[]> {
  const rows: RepositoryRow[] = []
  for (let page = 1; page <= searchedPages; page++) {
    const more = await repositoryPage(use, page)
    rows.push(...more)
    if (more.length < pageSize) break
  }
  return rows
}

/** Turns "404" into the repository or the thing in it that is not there. */
export async function orMissing<Value>(work: Promise<Value>, what: string): Promise<Value> {
  try {
    return await work
  } catch (cause) {
    if (!isRefused(cause, 404)) throw cause
    throw new ToolError('not_found', `${what} does not exist, or the connected GitHub account may not see it.`, {
      cause,
    })
  }
}
