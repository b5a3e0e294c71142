import { expect, it } from 'vitest'
import type { Code } from '../../src/core/errors.ts'
import { CallRecord } from '../../src/runtime/call-record.ts'
import type { Runtime, ToolCall } from '../../src/runtime/runtime.ts'

function failedWith(code: Code) {
  const recorded: unknown[] = []
  const use = {
    now: () => 0,
    gateway: { version: 1 },
    facts: { end: () => {} },
    record: { outcome: (_: unknown, { refusal }: { refusal: unknown }) => void recorded.push(refusal) },
  } as unknown as Runtime
  const error = { code, help: { url: 'https://behalf.test/connect/x' }, evidence: { status: 403 } }
  const reply = new CallRecord({ id: 'call' } as unknown as ToolCall, use).failed(error)
  return { reply, recorded }
}

it('a call that its server wants more for waits for the person, as one that was never sent', () => {
  const { reply, recorded } = failedWith('vault/authorization_needed')
  expect(reply).toMatchObject({ kind: 'refused', resume: { callId: 'call', wait: 'authorization' } })
  expect(JSON.stringify(reply)).not.toContain('403')
  expect(recorded).toMatchObject([{ evidence: { status: 403 } }])
})

it('a call that simply failed waits for nobody', () => {
  expect(failedWith('upstream/failed').reply).not.toHaveProperty('resume')
})
