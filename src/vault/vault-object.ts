import { DurableObject } from 'cloudflare:workers'
import { ledgerPorts, Outbox } from '../audit/audit.ts'
import { readConfig } from '../config/config.ts'
import { systemClock } from '../core/clock.ts'
import { migrate } from '../core/do-migrations.ts'
import { uuidv7 } from '../core/ids.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { bytesOrNull } from '../core/seal.ts'
import type { SignInCredential } from '../core/sign-in-provider.ts'
import { signInProvider } from '../core/sign-in-provider.ts'
import { createEgress } from '../egress/egress.ts'
import { confirmConnect } from './accepting.ts'
import type { Lease, LeaseRequest, VaultApi } from './api.ts'
import type {
  ConnectAnswer,
  ConnectEnd,
  ConnectStart,
  Mismatch,
  PendingConnect,
  VaultConnectApi,
  Visitor,
} from './connect-api.ts'
import type { Connection, ConnectionView } from './connection.ts'
import { viewOf } from './connection.ts'
import { finishConnect, refuseConnect, startConnect, viewConnect } from './connecting.ts'
import type { Owner } from './envelope.ts'
import { giveBackDue } from './confirming.ts'
import { HeldStore } from './held.ts'
import { HolderStore } from './holders.ts'
import { OwnerKeys } from './keys.ts'
import { keepAlive, retryMs as keepAliveRetryMs } from './keep-alive.ts'
import type { Flights } from './leasing.ts'
import { lease } from './leasing.ts'
import { vaultMigrations } from './migrations.ts'
import { makeDefault, reopen, setSuspended } from './managing.ts'
import type { Certificate } from './offboarding.ts'
import { offboard, shred } from './offboarding.ts'
import { ownConnectLink } from './offering.ts'
import type { Rewrapped, VaultOwnerApi, WantedAccount } from './owner-api.ts'
import { ProviderCache } from './provider-cache.ts'
import type { IndexedConnection, Restored } from './restoring.ts'
import { restore } from './restoring.ts'
import type { WantedCredential } from './set-credential.ts'
import { setCredential } from './set-credential.ts'
import { settle } from './settling.ts'
import { forgetSignIn, keepSignIn } from './signed-in.ts'
import { ConnectionStore } from './store.ts'
import type { By, TakenBack } from './taking-back.ts'
import { resumeRevocations, takeBack } from './taking-back.ts'
import { TicketStore } from './tickets.ts'
import type { VaultEvent, VaultUse } from './use.ts'

const retryMs = 2_000

const isVisible = (connection: Connection): boolean => connection.status !== 'revoking'

/**
 * One per user, named by the user's id (a hash over project, issuer and subject). A thin host: what it does is in the files
 * around it. Tokens are plaintext in here and in the requests that carry them; nothing that leaves by RPC has one, but a lease.
 */
export class Vault extends DurableObject<Env> implements VaultApi, VaultConnectApi, VaultOwnerApi {
  readonly #outbox: Outbox
  readonly #flights: Flights = new Map()
  #use: VaultUse | null = null
  #settling: Promise<boolean> | null = null
  #again = false

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    migrate(ctx.storage, vaultMigrations)
    this.#outbox = new Outbox(ctx.storage, { ...ledgerPorts(env), arm: (at) => this.#wake(at), now: systemClock })
  }

  async lease(request: LeaseRequest): Promise<Result<Lease>> {
    const use = this.#open(request)
    return use.ok ? lease(use.value, this.#flights, request) : use
  }

  async viewConnect(nonce: string, visitor: Visitor): Promise<Result<PendingConnect[]>> {
    const use = this.#open()
    return use.ok ? viewConnect(use.value, nonce, visitor) : use
  }

  async startConnect(nonce: string, ticket: string, visitor: Visitor): Promise<Result<ConnectStart>> {
    const use = this.#open()
    return use.ok ? startConnect(use.value, nonce, ticket, visitor) : use
  }

  async finishConnect(answer: ConnectAnswer): Promise<Result<ConnectEnd>> {
    const use = this.#open()
    return use.ok ? finishConnect(use.value, answer) : use
  }

  async confirmConnect(held: string, visitor: Visitor, accept: boolean): Promise<Result<ConnectEnd>> {
    const use = this.#open()
    return use.ok ? confirmConnect(use.value, held, visitor, accept) : use
  }

  async refuseConnect(stateNonce: string, mismatch: Mismatch): Promise<void> {
    const use = this.#open()
    if (use.ok) await refuseConnect(use.value, stateNonce, mismatch)
  }

  async connections(): Promise<ConnectionView[]> {
    const use = this.#open()
    return use.ok ? use.value.store.all().filter(isVisible).map(viewOf) : []
  }

  async keepSignIn(owner: Owner, credential: SignInCredential): Promise<boolean> {
    const use = this.#open(owner)
    const provider = use.ok ? await use.value.provider(signInProvider(credential.identityProvider)) : use
    return use.ok && provider.ok && keepSignIn(use.value, provider.value, credential)
  }

  async forgetSignIn(by: By): Promise<void> {
    const use = this.#open()
    if (use.ok) await forgetSignIn(use.value, by)
  }

  async connectLink(owner: Owner, wanted: WantedAccount): Promise<Result<string>> {
    const use = this.#open(owner)
    if (!use.ok) return use
    const found = await use.value.provider(wanted.provider)
    return found.ok ? ownConnectLink(use.value, found.value, owner, wanted) : found
  }

  async setCredential(owner: Owner, name: string, wanted: WantedCredential, by: By): Promise<Result<ConnectionView>> {
    const use = this.#open(owner)
    if (!use.ok) return use
    const provider = await use.value.provider(name)
    return provider.ok ? setCredential(use.value, provider.value, wanted, by) : provider
  }

  async disconnect(connection: string, by: By): Promise<TakenBack | null> {
    const use = this.#open()
    const found = use.ok ? use.value.store.get(connection) : null
    if (!use.ok || !found || !isVisible(found)) return null
    return (await takeBack(use.value, [found], by))[0] ?? null
  }

  async disconnectAll(by: By, provider?: string): Promise<TakenBack[]> {
    const use = this.#open()
    if (!use.ok) return []
    const all = use.value.store.all().filter(isVisible)
    return takeBack(use.value, provider === undefined ? all : all.filter((one) => one.provider === provider), by)
  }

  async makeDefault(connection: string, by: By): Promise<boolean> {
    const use = this.#open()
    return use.ok && makeDefault(use.value, connection, by)
  }

  async suspend(connection: string, by: By): Promise<boolean> {
    const use = this.#open()
    return use.ok && setSuspended(use.value, connection, true, by)
  }

  async resume(connection: string, by: By): Promise<boolean> {
    const use = this.#open()
    return use.ok && setSuspended(use.value, connection, false, by)
  }

  async offboard(owner: Owner, by: By): Promise<TakenBack[]> {
    const use = this.#claim(owner)
    return use.ok ? offboard(use.value, by) : []
  }

  async reopen(by: By): Promise<boolean> {
    const use = this.#parts()
    return use.ok && reopen(use.value, by)
  }

  async shred(owner: Owner, by: By): Promise<Certificate | null> {
    const use = this.#claim(owner)
    return use.ok ? shred(use.value, by) : null
  }

  async rewrap(): Promise<Rewrapped> {
    const use = this.#parts()
    if (!use.ok || !use.value.keys.owner()?.wrappedKey) return 'none'
    const rewrapped = await use.value.keys.rewrap()
    if (!rewrapped.ok) return 'failed'
    if (rewrapped.value) use.value.settle()
    return rewrapped.value ? 'rewrapped' : 'current'
  }

  async restore(owner: Owner, rows: IndexedConnection[], recoveryKey: string | null): Promise<Restored | null> {
    const use = this.#open(owner)
    return use.ok ? restore(use.value, owner, rows, recoveryKey === null ? null : bytesOrNull(recoveryKey)) : null
  }

  /** Never throws: an alarm that does is tried six times and then never again. */
  override async alarm(): Promise<void> {
    const again = await this.#outbox.flush()
    if (again !== null) this.#wake(again)
    if (!(await this.#settle())) this.#wake(systemClock() + retryMs)
    const use = this.#parts()
    if (!use.ok) return
    const later = () => systemClock() + retryMs
    const due = await Promise.all([
      resumeRevocations(use.value).catch(later),
      giveBackDue(use.value).catch(later),
      keepAlive(use.value, this.#flights).catch(() => systemClock() + keepAliveRetryMs),
    ])
    for (const at of due) if (at !== null) this.#wake(at)
  }

  /** Also a vault that is frozen, and one that does not exist yet: whoever is offboarded before the first call stays out. */
  #claim(owner: Owner): Result<VaultUse> {
    const use = this.#parts()
    if (!use.ok) return use
    const { name } = this.ctx.id
    const isOther = name !== undefined && name !== owner.user
    const row = isOther ? null : use.value.keys.claim({ project: owner.project, user: owner.user }, systemClock())
    return row ? use : refuse('vault/not_allowed', { evidence: { fault: 'other_vault' } })
  }

  /** `owner`: who the verified caller says it is. Without it, the vault must have an owner already. */
  #open(owner?: Owner): Result<VaultUse> {
    const use = owner ? this.#claim(owner) : this.#parts()
    if (!use.ok) return use
    const row = use.value.keys.owner()
    if (!row) return refuse('connect/invalid', { evidence: { fault: 'no_vault' } })
    if (row.status !== 'open') return refuse('vault/not_allowed', { evidence: { fault: `vault_${row.status}` } })
    return use
  }

  #parts(): Result<VaultUse> {
    if (this.#use) return ok(this.#use)
    const config = readConfig(this.env)
    if (!config.ok) return config
    const { sql } = this.ctx.storage
    const keys = new OwnerKeys(sql, config.value)
    const egress = createEgress(config.value)
    const cache = new ProviderCache(this.env, config.value, egress)
    this.#use = {
      env: this.env,
      config: config.value,
      now: systemClock,
      egress,
      storage: this.ctx.storage,
      store: new ConnectionStore(sql),
      tickets: new TicketStore(sql),
      holders: new HolderStore(sql),
      held: new HeldStore(sql),
      keys,
      provider: (id) => cache.get(keys.owner()?.project ?? '', id, systemClock()),
      record: (event) => this.#record(event),
      settle: () => this.#settleSoon(),
    }
    return ok(this.#use)
  }

  #record(event: VaultEvent): void {
    const owner = this.#use?.keys.owner()
    if (!owner) throw new Error('nothing to record in a vault without an owner')
    const at = systemClock()
    this.#outbox.put({ ...event, id: uuidv7(at), at, project: owner.project, user: owner.user })
  }

  /** The alarm stands in for this instance should it be gone before all is told. */
  #settleSoon(): void {
    this.#wake(systemClock() + retryMs)
    this.ctx.waitUntil(this.#settle())
  }

  /** One at a time; what changes meanwhile gets a run of its own. */
  #settle(): Promise<boolean> {
    this.#again = true
    this.#settling ??= this.#settleAll().finally(() => (this.#settling = null))
    return this.#settling
  }

  async #settleAll(): Promise<boolean> {
    let done = true
    while (this.#again) {
      this.#again = false
      const use = this.#parts()
      done = use.ok && (await settle(use.value))
    }
    return done
  }

  /** Only ever earlier. */
  #wake(at: number): void {
    this.ctx.waitUntil(
      this.ctx.storage.getAlarm().then(async (set) => {
        if (set === null || set > at) await this.ctx.storage.setAlarm(at)
      }),
    )
  }
}
