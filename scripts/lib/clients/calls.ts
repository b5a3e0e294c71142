import type { ClientUse } from './check.ts'
import { expectOutput } from './check.ts'
import type { PlannedCall } from './model-turn.ts'

/** What every client that can call is to call, and what comes of it. */
export const allowed = { tool: 'echo', arguments: { message: 'hello from a client' } } as const
export const refused = { tool: 'echo', arguments: { message: 'the secret word' } } as const
export const refusedReason = 'This word is not for agents.'
export const plan: readonly PlannedCall[] = [allowed, refused]

const answer = /Echo: hello from a client/
const reason = new RegExp(refusedReason.replaceAll('.', '\\.'))

/** In what a client showed of both calls. */
export function expectBothCalls(output: string, see: ClientUse['see']): void {
  expectOutput(output, answer, 'the permitted call')
  see('called a tool')
  expectOutput(output, reason, 'the refused call')
  see('was told why another call was refused')
}
