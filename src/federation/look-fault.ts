import type { Refusal } from '../core/result.ts'

/** A refusal with what it means to the administrator who gave the address, unless it says so already. Of what the server said only its HTTP status. */
export function lookFault(refusal: Refusal): Refusal {
  const message = refusal.message ?? meaningOf(refusal.code, Number(refusal.evidence?.['status'] ?? 0))
  return message === null ? refusal : { ...refusal, message }
}

function meaningOf(code: Refusal['code'], status: number): string | null {
  if (code === 'egress/unreachable')
    return 'Nothing answers at this address. Is the server running, and is the address right?'
  if (code === 'egress/timeout') return 'The server did not answer in time.'
  if (code === 'egress/blocked') return 'The server leads to another address, which may not be called.'
  if (code === 'egress/too_large') return 'The server answered with more than maxBytes of its settings allows.'
  if (code === 'upstream/unavailable')
    return `The server is not available right now${answered(status)}. Try again later.`
  if (code !== 'upstream/failed') return null
  if (status === 403) return `The server refuses to answer us${answered(status)}. It may want a credential in a header.`
  return `Something answers at this address, but it is no MCP server${answered(status)}. Is the path right?`
}

const answered = (status: number): string => (status === 0 ? '' : ` (HTTP ${status})`)
