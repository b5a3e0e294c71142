import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { offer, ToolIndex } from '../../../src/catalog/catalog.ts'
import type { Tool } from '../../../src/core/tool.ts'
import { toolNamed } from '../../support/fake-front.ts'
import { bigCatalogue, bigQuestions } from '../../support/catalogue.ts'
import { selectionSchema } from '../../../src/catalog/selection.ts'
import { runs } from '../../support/property.ts'

const indexOf = (tools: readonly Tool[]): ToolIndex =>
  new ToolIndex(tools, ({ source }) => (source.kind === 'toolkit' ? source.toolkit : 'app'))
const everything = (): boolean => true
const names = (tools: readonly Tool[]): string[] => tools.map(({ name }) => name)

/** Share of the questions whose tool is among the first `k`. */
function recall(index: ToolIndex, questions: readonly (readonly [string, string])[], k: number) {
  const missed = questions.filter(
    ([query, wanted]) => !names(index.search(query, everything)).slice(0, k).includes(wanted),
  )
  return { share: 1 - missed.length / questions.length, missed }
}

/** As people and agents ask. Several words are not in the tool's name; none is a synonym. */
const githubQuestions = [
  ['who am i', 'GitHub_WhoAmI'],
  ['which github account is connected', 'GitHub_WhoAmI'],
  ['find my repositories', 'GitHub_SearchMyRepositories'],
  ['search repos', 'GitHub_SearchMyRepositories'],
  ['list open issues', 'GitHub_ListIssues'],
  ['issues assigned to me', 'GitHub_ListIssues'],
  ['open a new issue', 'GitHub_CreateIssue'],
  ['create github issue', 'GitHub_CreateIssue'],
  ['createIssue', 'GitHub_CreateIssue'],
  ['get pull request', 'GitHub_GetPullRequest'],
  ['pullrequest status', 'GitHub_GetPullRequest'],
  ['create a PR from a branch', 'GitHub_CreatePullRequest'],
  ['open pull request', 'GitHub_CreatePullRequest'],
  ['propose changes of a branch', 'GitHub_CreatePullRequest'],
] as const

describe('search over tools', () => {
  it('finds what is asked for among the real GitHub tools', async () => {
    const { tools } = await offer([selectionSchema.parse({ toolkit: 'GitHub' })], { upstreams: [] })
    const { share, missed } = recall(indexOf(tools), githubQuestions, 3)
    expect(missed).toEqual([])
    expect(share).toBe(1)
  })

  it('finds it among 1,000 tools of 25 services that all list, get, create and update something', () => {
    const tools = bigCatalogue()
    expect(tools).toHaveLength(1_000)
    const index = indexOf(tools)
    const five = recall(index, bigQuestions, 5)
    const one = recall(index, bigQuestions, 1)
    console.log(`recall@5 ${five.share}, recall@1 ${one.share} of ${bigQuestions.length}; not among five:`, five.missed)
    expect(five.share).toBeGreaterThanOrEqual(0.96)
    expect(one.share).toBeGreaterThanOrEqual(0.6)
  })

  it('asks about each tool that has a word once, and about no other', () => {
    const tools = bigCatalogue()
    const asked: string[] = []
    indexOf(tools).search('zendesk macro', ({ name }) => asked.push(name) > 0)
    expect(new Set(asked).size).toBe(asked.length)
    expect(asked.length).toBeLessThan(80)
  })

  it('shows nothing of what a caller may not use: neither it nor a change of order', () => {
    const tools = bigCatalogue().filter((_, i) => i % 5 === 0)
    const query = fc.array(
      fc.constantFrom(...'create list update issue ticket message user file github slack report invoice'.split(' ')),
      {
        minLength: 1,
        maxLength: 4,
      },
    )
    const whole = indexOf(tools)
    fc.assert(
      fc.property(query, fc.integer({ min: 2, max: 9 }), (words, share) => {
        const hidden = new Set(tools.filter((_, i) => i % share === 0))
        const may = (tool: Tool): boolean => !hidden.has(tool)
        const alone = indexOf(tools.filter(may))
        expect(names(whole.search(words.join(' '), may))).toEqual(names(alone.search(words.join(' '), everything)))
      }),
      { numRuns: runs(20) },
    )
  })

  it('takes hostile queries and definitions as they come', () => {
    const deep: Record<string, unknown> = { type: 'object', properties: {} }
    let at = deep
    for (let i = 0; i < 5_000; i++)
      at = (at['properties'] as Record<string, Record<string, unknown>>)['a'] = { properties: {} }
    const tools = [
      toolNamed('constructor', { description: '__proto__ toString' }),
      toolNamed('Deep', { inputSchema: deep as Tool['inputSchema'] }),
      toolNamed('Long', { description: 'word '.repeat(200_000) }),
    ]
    const index = indexOf(tools)
    expect(names(index.search('constructor', everything))).toEqual(['constructor'])
    expect(names(index.search('__proto__', everything))).toEqual(['constructor'])
    for (const query of ['', '   ', '((((', '.*', '\u0000\u202e', 'a'.repeat(5_000), '🙂', 'hasOwnProperty']) {
      expect(index.search(query, everything).length).toBeLessThanOrEqual(3)
    }
  })
})
