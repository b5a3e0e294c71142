import { z } from 'zod'
import { ProviderError } from '../../core/api-client.ts'
import type { ApiAnswer, ApiCall } from '../../core/api-client.ts'
import type { ToolUse } from '../kit/define-tool.ts'
import { ToolError } from '../kit/errors.ts'

/** GitHub REST, version 2022-11-28 (docs.github.com/rest). */
export function github(use: ToolUse, call: ApiCall): Promise<ApiAnswer> {
  return use.api.request({
    ...call,
    headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28', ...call.headers },
  })
}

/** Reads an answer by its shape; what GitHub sends beyond it is left out. */
export async function read<Shape extends z.ZodType>(
  answer: Promise<ApiAnswer>,
  shape: Shape,
): Promise<z.output<Shape>> {
  const parsed = shape.safeParse((await answer).body)
  if (!parsed.success) {
    throw new ToolError('unavailable', 'GitHub answered in a way this tool does not know.', { cause: parsed.error })
  }
  return parsed.data
}

const login = z.object({ login: z.string() })

export async function myLogin(use: ToolUse): Promise<string> {
  return (await read(github(use, { method: 'GET', path: '/user' }), login)).login
}

/** `me` in any spelling, or the login as it is, without `@`. */
export async function loginOf(use: ToolUse, person: string): Promise<string> {
  return /^@?me$/i.test(person.trim()) ? await myLogin(use) : person.trim().replace(/^@/, '')
}

/** GitHub says 422 with a machine-readable `code`; its prose is not passed on. */
export function isRefused(cause: unknown, status: number): cause is ProviderError {
  return cause instanceof ProviderError && cause.status === status
}
