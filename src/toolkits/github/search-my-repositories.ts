import { z } from 'zod'
import { defineTool } from '../kit/define-tool.ts'
import { pageOutput, pagingInput, walkPages } from '../kit/paging.ts'
import { repositoryPage } from './repository.ts'

export const searchMyRepositories = defineTool({
  name: 'SearchMyRepositories',
  title: 'Search my GitHub repositories',
  description:
    'Finds repositories the connected account can see, the last changed first. Use it to show or choose repositories. ' +
    'Other GitHub tools take a repository by its plain name; do not call this only to look one up.',
  input: z.object({
    text: z.string().trim().max(100).optional().describe('Part of the name or the description. Leave out for all.'),
    include_archived: z.boolean().default(false),
    ...pagingInput,
  }),
  output: pageOutput(
    z.object({
      repository: z.string().describe('owner/name'),
      description: z.string().nullable(),
      private: z.boolean(),
      default_branch: z.string(),
      updated_at: z.string().nullable(),
      url: z.string(),
    }),
  ),
  behaviour: { operation: 'read', destructive: false, idempotent: true, openWorld: true },
  scopes: ['repo'],
  run(input, use) {
    const wanted = input.text?.toLowerCase() ?? ''
    return walkPages({
      limit: input.limit,
      cursor: input.cursor,
      pageSize: 100,
      fetchPage: (page) => repositoryPage(use, page),
      keep(row) {
        if (row.archived && !input.include_archived) return null
        if (!`${row.full_name} ${row.description ?? ''}`.toLowerCase().includes(wanted)) return null
        return {
          repository: row.full_name,
          description: row.description,
          private: row.private,
          default_branch: row.default_branch,
          updated_at: row.updated_at ?? null,
          url: row.html_url,
        }
      },
    })
  },
})
