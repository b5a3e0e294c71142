import { and, eq } from 'drizzle-orm'
import type { Outbox } from '../audit/audit.ts'
import type { Config } from '../config/config.ts'
import type { Clock } from '../core/clock.ts'
import type { SessionId } from '../core/ids.ts'
import { randomToken, uuidv7 } from '../core/ids.ts'
import type { Code } from '../core/errors.ts'
import type { Refused, Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { sealSecret } from '../core/seal.ts'
import type { Db } from '../db/db.ts'
import { approvals } from '../db/schema.ts'
import type { ApprovalDemand } from '../policy/policy.ts'
import type { ApprovalAsked, Approvals, HeldApproval, ToolCall } from '../runtime/runtime.ts'

export const approvalMigrations = [
  `CREATE TABLE approvals (key TEXT PRIMARY KEY, id TEXT NOT NULL, tool TEXT NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID;`,
]

export type ApprovalsUse = {
  sql: SqlStorage
  db: Db
  config: Config
  outbox: Outbox
  session: SessionId
  gateway: () => string
  now: Clock
}

/**
 * Approvals of exactly these arguments, for one call, once. The row in D1 is what the approver sees and decides; the row here is
 * the right to run. It is deleted in the same turn in which a call takes it, so of two retries at the same moment one runs.
 */
export class StoredApprovals implements Approvals {
  readonly #use: ApprovalsUse
  readonly #asking = new Map<string, Promise<string>>()

  constructor(use: ApprovalsUse) {
    this.#use = use
  }

  async find(asked: ApprovalAsked, demand: ApprovalDemand, key: string): Promise<Result<HeldApproval>> {
    const { sql, now } = this.#use
    const known = sql
      .exec<{ id: string; expires_at: number }>('SELECT id, expires_at FROM approvals WHERE key = ?', key)
      .toArray()[0]
    if (!known) return this.#request(key, asked, demand)
    const status = known.expires_at <= now() ? 'expired' : await this.#status(asked.call.caller.project, known.id)
    if (status === 'approved') return ok({ rule: demand.rule, key, id: known.id })
    if (status === 'pending') return refuse('policy/approval_required', this.#help(known.id))
    sql.exec('DELETE FROM approvals WHERE key = ? AND id = ?', key, known.id)
    return refuse(endings[status] ?? 'policy/approval_expired', { evidence: { approval: known.id } })
  }

  spend(call: ToolCall, held: readonly HeldApproval[]): Result<null> {
    const { sql, db, now } = this.#use
    if (held.length === 0) return ok(null)
    const there = held.every(({ key, id }) => {
      const rows = sql.exec('SELECT 1 FROM approvals WHERE key = ? AND id = ? AND expires_at > ?', key, id, now())
      return rows.toArray().length > 0
    })
    if (!there) return refuse('policy/approval_used')
    for (const { key, id } of held) {
      sql.exec('DELETE FROM approvals WHERE key = ?', key)
      // Only for lists: the right to run was the row above.
      const where = and(
        eq(approvals.project, call.caller.project),
        eq(approvals.id, id),
        eq(approvals.status, 'approved'),
      )
      void db
        .update(approvals)
        .set({ status: 'used' })
        .where(where)
        .catch(() => undefined)
    }
    return ok(null)
  }

  async #request(key: string, asked: ApprovalAsked, demand: ApprovalDemand): Promise<Refused> {
    const { sql } = this.#use
    const other =
      sql.exec('SELECT id FROM approvals WHERE tool = ? AND key <> ? LIMIT 1', asked.tool.name, key).toArray().length >
      0
    const id = this.#asking.get(key) ?? this.#create(key, asked, demand).finally(() => this.#asking.delete(key))
    this.#asking.set(key, id)
    return refuse(other ? 'policy/approval_changed' : 'policy/approval_required', this.#help(await id))
  }

  async #create(key: string, { call, tool, args }: ApprovalAsked, demand: ApprovalDemand): Promise<string> {
    const { sql, db, config, outbox, session, gateway, now } = this.#use
    const { project, user, agent } = call.caller
    const id = randomToken()
    const expiresAt = now() + demand.validMs
    await db.insert(approvals).values({
      project,
      id,
      gateway: gateway(),
      session,
      user: user.id,
      agent: agent.name,
      tool: tool.name,
      argumentsHash: key,
      sealedArguments: await sealSecret(config, ['approval', project, id], JSON.stringify(args)),
      rule: demand.rule,
      approvers: { ...demand.approvers, notRequester: demand.notRequester },
      status: 'pending',
      createdAt: now(),
      expiresAt,
    })
    sql.exec('INSERT OR REPLACE INTO approvals VALUES (?, ?, ?, ?)', key, id, tool.name, expiresAt)
    outbox.put(
      this.#event('approval.requested', call, tool.name, {
        'behalf.approval.id': id,
        'behalf.policy.rules': [demand.rule],
      }),
    )
    return id
  }

  async #status(project: string, id: string): Promise<string> {
    const where = and(eq(approvals.project, project), eq(approvals.id, id))
    const [row] = await this.#use.db.select({ status: approvals.status }).from(approvals).where(where)
    return row?.status ?? 'expired'
  }

  #help(id: string): { help: { url: string }; evidence: { approval: string } } {
    return { help: { url: `${this.#use.config.publicUrl}/approve/${id}` }, evidence: { approval: id } }
  }

  #event(type: 'approval.requested', call: ToolCall, tool: string, attributes: Record<string, string | string[]>) {
    const { project, user, agent } = call.caller
    const at = this.#use.now()
    const { session, gateway } = this.#use
    return {
      id: uuidv7(at),
      type,
      at,
      project,
      gateway: gateway(),
      gatewayId: call.caller.gateway,
      user: user.id,
      agent: agent.id,
      session,
      call: call.id,
      tool,
      attributes,
    }
  }
}

const endings: Record<string, Code> = {
  rejected: 'policy/approval_rejected',
  used: 'policy/approval_used',
  expired: 'policy/approval_expired',
}
