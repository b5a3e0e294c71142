import type { Toolkit } from '../kit/define-tool.ts'
import { createIssue } from './create-issue.ts'
import { createPullRequest } from './create-pull-request.ts'
import { getPullRequest } from './get-pull-request.ts'
import { listIssues } from './list-issues.ts'
import { searchMyRepositories } from './search-my-repositories.ts'
import { whoAmI } from './who-am-i.ts'

export const githubToolkit: Toolkit = {
  name: 'GitHub',
  title: 'GitHub',
  provider: 'github',
  tools: [whoAmI, searchMyRepositories, listIssues, createIssue, getPullRequest, createPullRequest],
}
