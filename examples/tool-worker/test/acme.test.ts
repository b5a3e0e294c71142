import type { ApiCall, ToolUse } from 'behalf/kit'
import { ToolError } from 'behalf/kit'
import { expect, test } from 'vitest'
import { acme } from '../src/acme.ts'

const now = Date.UTC(2026, 10, 22)

function use(answers: Record<string, unknown> = {}): ToolUse & { asked: ApiCall[] } {
  const asked: ApiCall[] = []
  return {
    asked,
    api: {
      async request(call) {
        asked.push(call)
        return { status: 200, headers: {}, body: (answers[call.path] ?? []) as never }
      },
    },
    user: { name: 'Alice', email: null },
    now,
    signal: new AbortController().signal,
    progress() {},
    secret: (name) => name,
  }
}

const run = (name: string, args: object, used = use()) => {
  const tool = acme.tools.find((one) => one.name === name)
  return tool?.run(tool.input.parse(args), used)
}

test('a price is quoted by the plan as people call it', async () => {
  expect(await run('PriceQuote', { plan: 'team', seats: 4, yearly: true })).toMatchObject({ total: 1_000, per: 'year' })
  await expect(run('PriceQuote', { plan: 'Enterprise', seats: 2 })).rejects.toThrow(ToolError)
  await expect(run('PriceQuote', { plan: 'Platinum', seats: 2 })).rejects.toThrow('There is no "Platinum"')
})

test('stale issues come oldest first', async () => {
  const row = (number: number, updated_at: string) => ({ number, title: `T${number}`, html_url: 'https://x.test', updated_at })
  const used = use({ '/repos/acme/web/issues': [row(1, '2026-08-01T00:00:00Z'), row(2, '2026-11-20T00:00:00Z')], '/repos/acme/api/issues': [row(3, '2026-01-01T00:00:00Z')] })
  const found = (await run('StaleIssues', { repositories: ['acme/web', 'acme/api'] }, used)) as { items: { number: number }[] }
  expect(found.items.map(({ number }) => number)).toEqual([3, 1])
  expect(used.asked.map(({ path }) => path)).toEqual(['/repos/acme/web/issues', '/repos/acme/api/issues'])
})
