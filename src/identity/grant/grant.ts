import { DurableObject } from 'cloudflare:workers'
import type { Config } from '../../config/config.ts'
import { readConfig } from '../../config/config.ts'
import { hex, sha256 } from '../../core/bytes.ts'
import { migrate } from '../../core/do-migrations.ts'
import { openDb } from '../../db/db.ts'
import type { OAuthFault, OAuthStorage } from '../authorization-server.ts'
import { authorizationServer, noResource } from '../authorization-server.ts'
import { isAgentActive } from '../agents.ts'
import { isUserActive } from '../directory.ts'
import { emptyStorage } from '../empty-storage.ts'
import init from './0000_init.sql'
import type { TokenRequest } from './answers.ts'
import { answerKey, openAnswer, replayWindowMs, sealAnswer } from './answers.ts'
import type { GrantFacts } from './facts.ts'
import { readFacts } from './facts.ts'
import type { Records } from './records.ts'
import { clientOf } from './client-of.ts'
import type { TokenAnswer } from './token-answer.ts'
import { clientAway, invalidGrant } from './token-answer.ts'
import { openRecords } from './records.ts'

export type VerifiedToken = { facts: GrantFacts; scope: readonly string[]; expiresAt: number }

/**
 * What happened to the grant. `replayed`: a retry, answered with the same tokens. `code_replayed` and `token_reused`: somebody
 * else has the secret, so the grant is over. `ended`: its user or agent is no longer welcome, or the client revoked it.
 */
export type Outcome =
  | 'issued'
  | 'refreshed'
  | 'replayed'
  | 'code_replayed'
  | 'token_reused'
  | 'token_revoked'
  | 'ended'
  | 'refused'

export type Redemption = { answer: TokenAnswer; outcome: Outcome; facts: GrantFacts | null }

const migrations = [init]

/**
 * One grant of our authorization server: one agent for one user at one gateway. Every change goes through one queue, because
 * the OAuth library reads, decides and writes in separate steps (attack cases 24 to 26).
 */
export class Grant extends DurableObject<Env> {
  #tail: Promise<unknown> = Promise.resolve()

  /** Stores the grant the consent page made, with its code. `key` and `value` are the library's. */
  async create(key: string, value: string, expiresInSeconds: number): Promise<void> {
    migrate(this.ctx.storage, migrations)
    const records = this.#records()
    await records.put(key, value, { expirationTtl: expiresInSeconds })
    await this.#commit(records)
  }

  /** Redeems a code or refresh token, or revokes a token: one request to the token endpoint, whatever its outcome. */
  async redeem(request: TokenRequest): Promise<Redemption> {
    const turn = this.#tail.then(() => this.#redeem(request))
    this.#tail = turn.catch(() => undefined)
    return turn
  }

  /** Null: not a token of this grant, expired or revoked. */
  async verify(token: string): Promise<VerifiedToken | null> {
    if (!this.#exists()) return null
    const records = this.#records()
    const grant = records.readGrant()
    if (grant === null) return null
    const server = authorizationServer(this.#config(), grant.resource)
    const valid = await server.validateToken(grant.resource, token, { OAUTH_KV: records })
    if (valid === null || valid.expiresAt === undefined) return null
    return { facts: readFacts(grant), scope: valid.scope ?? [], expiresAt: valid.expiresAt * 1000 }
  }

  /** Ends the grant with all its tokens. Null when there is none, for example because it ended before. */
  async revoke(): Promise<GrantFacts | null> {
    const turn = this.#tail.then(() => this.#end())
    this.#tail = turn.catch(() => undefined)
    return turn
  }

  override async alarm(): Promise<void> {
    if (this.#exists() && this.#records().readGrant() === null) await this.ctx.storage.deleteAll()
  }

  async #redeem(request: TokenRequest): Promise<Redemption> {
    const records = this.#exists() ? this.#records() : null
    const grant = records?.readGrant() ?? null
    if (records === null || grant === null) {
      const { answer } = await this.#ask(request, noResource(this.#config()), emptyStorage(this.#shared()))
      return { answer, outcome: 'refused', facts: null }
    }

    const facts = readFacts(grant)
    const form = new URLSearchParams(request.body)
    const refreshToken = form.get('grant_type') === 'refresh_token' ? form.get('refresh_token') : null
    const repeated = refreshToken === null ? null : await this.#earlierAnswer(request, refreshToken)
    if (repeated !== null) return { answer: repeated, outcome: 'replayed', facts }

    const { answer, fault } = await this.#ask(request, grant.resource, records)
    if (fault?.internal?.category === 'client-id-metadata-document')
      return { answer: clientAway, outcome: 'refused', facts }
    const reason = fault?.internal?.reason
    if (reason === 'code_replayed') {
      await this.#end()
      return { answer, outcome: 'code_replayed', facts }
    }
    if (reason === 'refresh_token_mismatch' && clientOf(request, form) === grant.clientId) {
      if (!(await this.#isReuse(refreshToken ?? ''))) return { answer, outcome: 'refused', facts }
      await this.#end()
      return { answer, outcome: 'token_reused', facts }
    }
    if (answer.status !== 200) return { answer, outcome: 'refused', facts }
    if (!form.has('grant_type')) return this.#revoked(records, answer, facts)

    if (!(await this.#isWelcome(facts))) {
      await this.#end()
      return { answer: invalidGrant, outcome: 'ended', facts }
    }
    if (refreshToken === null) await this.#commit(records)
    else await this.#commit(records, await this.#spend(request, refreshToken, answer))
    return { answer, outcome: refreshToken === null ? 'issued' : 'refreshed', facts }
  }

  /** RFC 7009: a refresh token takes the grant with it, an access token only itself. */
  async #revoked(records: Records, answer: TokenAnswer, facts: GrantFacts): Promise<Redemption> {
    if (records.readGrant() === null) {
      await this.#end()
      return { answer, outcome: 'ended', facts }
    }
    await this.#commit(records)
    return { answer, outcome: 'token_revoked', facts }
  }

  /** The library's answer. It writes to `storage` only. */
  async #ask(
    request: TokenRequest,
    resource: string,
    storage: OAuthStorage,
  ): Promise<{ answer: TokenAnswer; fault: OAuthFault | null }> {
    const faults: OAuthFault[] = []
    const server = authorizationServer(this.#config(), resource, (fault) => faults.push(fault))
    const sent = new Request(request.url, {
      method: 'POST',
      headers: request.headers as [string, string][],
      body: request.body,
    })
    const response = await server.fetch(sent, { OAUTH_KV: storage }, this.ctx as unknown as ExecutionContext)
    const answer = { status: response.status, headers: [...response.headers], body: await response.text() }
    return { answer, fault: faults[0] ?? null }
  }

  async #earlierAnswer(request: TokenRequest, refreshToken: string): Promise<TokenAnswer | null> {
    const query = 'SELECT sealed FROM answers WHERE key = ? AND expires_at > ?'
    const row = this.ctx.storage.sql.exec<{ sealed: string }>(query, await answerKey(request), Date.now()).toArray()[0]
    const opened = row && (await openAnswer(refreshToken, row.sealed))
    return opened ? (JSON.parse(opened) as TokenAnswer) : null
  }

  /** What to write along with a refresh: the spent token, and the answer for a retry. */
  async #spend(request: TokenRequest, refreshToken: string, answer: TokenAnswer): Promise<() => void> {
    const { sql } = this.ctx.storage
    const [key, hash] = [await answerKey(request), hex(await sha256(refreshToken))]
    const sealed = await sealAnswer(refreshToken, JSON.stringify(answer))
    const now = Date.now()
    return () => {
      sql.exec('INSERT OR REPLACE INTO spent VALUES (?, ?)', hash, now)
      sql.exec('DELETE FROM answers WHERE expires_at <= ?', now)
      sql.exec('INSERT OR REPLACE INTO answers VALUES (?, ?, ?)', key, sealed, now + replayWindowMs)
    }
  }

  async #isReuse(refreshToken: string): Promise<boolean> {
    const hash = hex(await sha256(refreshToken))
    const row = this.ctx.storage.sql
      .exec<{ spent_at: number }>('SELECT spent_at FROM spent WHERE hash = ?', hash)
      .toArray()[0]
    return row !== undefined && Date.now() - row.spent_at >= replayWindowMs
  }

  async #isWelcome({ project, user, agent }: GrantFacts): Promise<boolean> {
    const db = openDb(this.env.DB)
    return (await isUserActive(db, project, user)) && (await isAgentActive(db, project, agent))
  }

  async #commit(records: Records, also?: () => void): Promise<void> {
    this.ctx.storage.transactionSync(() => {
      records.commit()
      also?.()
    })
    const query = "SELECT expires_at FROM records WHERE key LIKE 'grant:%'"
    const row = this.ctx.storage.sql.exec<{ expires_at: number | null }>(query).toArray()[0]
    if (row?.expires_at) await this.ctx.storage.setAlarm(row.expires_at + 60_000)
  }

  async #end(): Promise<GrantFacts | null> {
    const grant = this.#exists() ? this.#records().readGrant() : null
    if (this.#exists()) await this.ctx.storage.deleteAll()
    return grant && readFacts(grant)
  }

  /** False for a name somebody made up. Such an object writes nothing and so costs nothing to keep. */
  #exists(): boolean {
    return this.ctx.storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'records'").toArray().length > 0
  }

  #records(): Records {
    migrate(this.ctx.storage, migrations)
    return openRecords(this.ctx.storage.sql, this.#shared(), Date.now())
  }

  #shared(): OAuthStorage {
    return this.env.KV as unknown as OAuthStorage
  }

  #config(): Config {
    const config = readConfig(this.env)
    if (!config.ok) throw new Error('config/missing')
    return config.value
  }
}
