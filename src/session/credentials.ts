import type { Clock } from '../core/clock.ts'
import type { SessionId } from '../core/ids.ts'
import { serviceAccountId } from '../core/ids.ts'
import type { Result } from '../core/result.ts'
import { ok } from '../core/result.ts'
import type { Tool } from '../core/tool.ts'
import type { Credentials, ToolCall } from '../runtime/runtime.ts'
import { chosenAccount } from '../runtime/runtime.ts'
import type { Lease, LeaseRequest, VaultApi } from '../vault/vault.ts'

/** A call that began on the last moment of a lease has ended by then. */
const longestCallMs = 5 * 60_000

/** What the gateway's document says about credentials at a provider. */
export type ConsentScopes = Pick<LeaseRequest, 'askScopes' | 'allowedScopes' | 'accounts'> & {
  /** Name of the service account whose credential is used instead of the person's. */
  serviceAccount?: string
}

/**
 * Leases held in this session's memory and nowhere else (promise 2). The Vault knows that they are here and calls them back;
 * a lease that is called back while a request for it is under way is not kept.
 */
export class HeldLeases implements Credentials {
  readonly #vault: (user: string) => VaultApi
  readonly #session: SessionId
  readonly #gateway: string
  readonly #now: Clock
  readonly #consent: (provider: string) => ConsentScopes
  readonly #held = new Map<string, Lease>()
  readonly #asking = new Map<string, Promise<Result<Lease>>>()
  /** Every secret that was lent to this session, and until when one that echoes it may still answer. */
  readonly #lent = new Map<string, number>()
  #recalls = 0

  constructor(use: {
    vault: (user: string) => VaultApi
    session: SessionId
    gateway: string
    now: Clock
    consent: (provider: string) => ConsentScopes
  }) {
    this.#vault = use.vault
    this.#session = use.session
    this.#gateway = use.gateway
    this.#now = use.now
    this.#consent = use.consent
  }

  async lease(call: ToolCall, tool: Tool): Promise<Result<Lease | null>> {
    const { authorization } = tool
    if (!authorization) return ok(null)
    const account = wantedAccount(call, tool)
    const key = keyOf(authorization, account)
    const held = this.#held.get(key)
    if (held && held.expiresAt > this.#now() && authorization.scopes.every((scope) => held.scopes.includes(scope))) {
      return ok(held)
    }
    return this.#ask(key, await this.#request(call, tool, authorization, account))
  }

  /**
   * After the provider answered 401 to this lease: the Vault refreshes only if nobody has since. `more`: the token is good, but
   * these scopes are missing, for which the person is asked.
   */
  async renew(call: ToolCall, tool: Tool, refused: Lease, more: readonly string[] = []): Promise<Result<Lease>> {
    const needed = tool.authorization ?? { provider: refused.provider, scopes: [] }
    const authorization = { ...needed, scopes: [...new Set([...needed.scopes, ...more])] }
    const account = wantedAccount(call, tool)
    const key = keyOf(authorization, account)
    if (this.#held.get(key)?.generation === refused.generation) this.#held.delete(key)
    const request = await this.#request(call, tool, authorization, account)
    return this.#ask(key, more.length > 0 ? request : { ...request, seenGeneration: refused.generation })
  }

  recall(connections: readonly string[] | null): void {
    this.#recalls++
    for (const [key, lease] of this.#held) {
      if (connections === null || connections.includes(lease.connection)) this.#held.delete(key)
    }
  }

  /** For scrubbing what leaves: also those that were called back or replaced, because a call with them may still be under way. */
  secrets(): string[] {
    const now = this.#now()
    for (const [secret, until] of this.#lent) if (until <= now) this.#lent.delete(secret)
    return [...this.#lent.keys()]
  }

  async #request(
    call: ToolCall,
    tool: Tool,
    authorization: NonNullable<Tool['authorization']>,
    account?: string,
  ): Promise<LeaseRequest> {
    const { caller } = call
    const { serviceAccount: chosen, ...consent } = this.#consent(authorization.provider)
    const serviceAccount = authorization.serviceAccount ?? chosen
    const isService = serviceAccount !== undefined || caller.user.kind === 'service_account'
    return {
      project: caller.project,
      user: serviceAccount === undefined ? caller.user.id : await serviceAccountId(caller.project, serviceAccount),
      session: this.#session,
      provider: authorization.provider,
      scopes: authorization.scopes,
      ...consent,
      ...(isService ? { service: true } : {}),
      ...(account === undefined ? {} : { account }),
      why: {
        callId: call.id,
        gateway: this.#gateway,
        gatewayId: caller.gateway,
        agentId: caller.agent.id,
        agentName: caller.agent.name,
        ...(caller.agent.host === undefined ? {} : { agentHost: caller.agent.host }),
        tool: tool.title,
      },
    }
  }

  /** One question at a time for one credential, however many calls wait for it. */
  #ask(key: string, request: LeaseRequest): Promise<Result<Lease>> {
    const flight = `${key}\n${request.scopes.join(' ')}\n${request.seenGeneration ?? ''}`
    const known = this.#asking.get(flight)
    if (known) return known
    const asked = this.#fetch(key, request).finally(() => this.#asking.delete(flight))
    this.#asking.set(flight, asked)
    return asked
  }

  async #fetch(key: string, request: LeaseRequest): Promise<Result<Lease>> {
    const recalls = this.#recalls
    const lease = await this.#vault(request.user).lease(request)
    if (lease.ok) this.#lent.set(lease.value.secret, lease.value.expiresAt + longestCallMs)
    if (lease.ok && recalls === this.#recalls) this.#held.set(key, lease.value)
    return lease
  }
}

function keyOf({ provider, serviceAccount }: NonNullable<Tool['authorization']>, account: string | undefined): string {
  return `${provider}\n${account ?? ''}\n${serviceAccount ?? ''}`
}

/** What the person chose when they were asked, else the argument of tools that take one. */
function wantedAccount(call: ToolCall, tool: Tool): string | undefined {
  const chosen = chosenAccount(call)
  if (chosen !== undefined) return chosen
  const { account } = call.arguments
  if (!tool.authorization?.takesAccount) return undefined
  return typeof account === 'string' && account !== '' ? account : undefined
}
