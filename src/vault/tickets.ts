import { base64url, sha256 } from '../core/bytes.ts'
import type { LeaseRequest } from './api.ts'
import { connectLinkMs } from './link.ts'

/** `own`: the person asked for it on their own page; no call waits. */
export type Why = LeaseRequest['why'] & {
  session: string
  own?: true
  accounts?: readonly string[]
  elicitation?: string
}

/** For the record: which call it was for, as far as it was for one. */
export function calledFrom({ gateway, gatewayId, agentId: agent, session, callId: call }: Why) {
  return {
    call,
    ...(gateway === '' ? {} : { gateway }),
    ...(gatewayId === undefined ? {} : { gatewayId }),
    ...(agent === '' ? {} : { agent }),
    ...(session === '' ? {} : { session }),
  }
}

/** The right to finish one connection: made for one call, kept by the digest of its nonce only. */
export type Ticket = {
  digest: string
  status: 'open' | 'used' | 'burned'
  why: Why
  provider: string
  scopes: readonly string[]
  /** The connection it is to renew or widen. Another account is then refused. */
  connection: string | null
  /** The PKCE verifier of the running attempt, sealed. */
  verifier: string | null
  createdAt: number
  expiresAt: number
}

const maxOpen = 100

type Row = {
  digest: string
  status: Ticket['status']
  why: string
  provider: string
  scopes: string
  connection: string | null
  verifier: string | null
  created_at: number
  expires_at: number
}

export class TicketStore {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** Old ones go, and beyond 100 the oldest: an agent that asks in a loop fills nothing. */
  add(ticket: Ticket): void {
    this.#sql.exec('DELETE FROM tickets WHERE expires_at <= ?', ticket.createdAt - connectLinkMs)
    this.#sql.exec(
      'DELETE FROM tickets WHERE digest IN (SELECT digest FROM tickets ORDER BY created_at DESC LIMIT -1 OFFSET ?)',
      maxOpen - 1,
    )
    this.#sql.exec(
      `INSERT INTO tickets (digest, status, why, call, provider, scopes, connection, created_at, expires_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ticket.digest,
      ticket.status,
      JSON.stringify(ticket.why),
      ticket.why.callId,
      ticket.provider,
      JSON.stringify(ticket.scopes),
      ticket.connection,
      ticket.createdAt,
      ticket.expiresAt,
    )
  }

  get(digest: string): Ticket | null {
    return this.#select('digest = ?', digest)[0] ?? null
  }

  ofCall(call: string): Ticket[] {
    return this.#select('call = ? ORDER BY created_at', call)
  }

  /** A new attempt makes the state of the one before worthless. */
  start(digest: string, stateDigest: string, verifier: string): void {
    this.#sql.exec('UPDATE tickets SET state_digest = ?, verifier = ? WHERE digest = ?', stateDigest, verifier, digest)
  }

  /** Takes the attempt of this state: no second answer with the same state finds it. */
  take(stateDigest: string): Ticket | null {
    const [ticket] = this.#select('state_digest = ?', stateDigest)
    if (!ticket) return null
    this.#sql.exec('UPDATE tickets SET state_digest = NULL, verifier = NULL WHERE digest = ?', ticket.digest)
    return ticket
  }

  end(digest: string, status: 'used' | 'burned'): void {
    this.#sql.exec(
      'UPDATE tickets SET status = ?, state_digest = NULL, verifier = NULL WHERE digest = ?',
      status,
      digest,
    )
  }

  /** All that wait for this provider have what they wait for. Answers for whom. */
  finish(provider: string): Why[] {
    const open = this.#select("status = 'open' AND provider = ?", provider)
    for (const { digest } of open) this.end(digest, 'used')
    return open.map(({ why }) => why)
  }

  clear(): void {
    this.#sql.exec('DELETE FROM tickets')
  }

  #select(where: string, value: string): Ticket[] {
    return this.#sql
      .exec<Row>(`SELECT * FROM tickets WHERE ${where}`, value)
      .toArray()
      .map((row) => ({
        digest: row.digest,
        status: row.status,
        why: JSON.parse(row.why) as Why,
        provider: row.provider,
        scopes: JSON.parse(row.scopes) as string[],
        connection: row.connection,
        verifier: row.verifier,
        createdAt: row.created_at,
        expiresAt: row.expires_at,
      }))
  }
}

export async function digestOf(secret: string): Promise<string> {
  return base64url(await sha256(secret))
}
