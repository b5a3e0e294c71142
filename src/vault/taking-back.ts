import type { Connection } from './connection.ts'
import type { Provider } from './provider.ts'
import { hasMoved } from './provider.ts'
import type { Revocation } from './revoking.ts'
import { revokeTokens } from './revoking.ts'
import { copiesOf } from './copies.ts'
import { asServed, readCredential } from './service-credential.ts'
import type { VaultUse } from './use.ts'

/** Who takes back, for the record. */
export type By = { kind: 'user' | 'admin' | 'directory'; id: string; reason?: string }

export type TakenBack = { connection: string; provider: string; label: string; revocation: Revocation }

const maxTries = 4
/** 10 s, 40 s, 160 s between the tries to revoke at the provider. */
const pauseMs = (tries: number): number => 10_000 * 4 ** (tries - 1)

/**
 * Ends connections. In one turn, before anything is asked of anybody: nothing is lent any more, sessions are told to give
 * back, the index row and the copy are marked to go. Then the provider is told, as often as it takes within a few minutes;
 * until then the sealed tokens stay here and nowhere else, because revoking needs them.
 */
export async function takeBack(use: VaultUse, connections: readonly Connection[], by: By): Promise<TakenBack[]> {
  const now = use.now()
  for (const connection of connections) {
    if (connection.status === 'revoking') continue
    use.store.update(connection.id, {
      status: 'revoking',
      reason: by.kind,
      isDefault: false,
      attemptAt: null,
      attemptTries: 0,
      retryAt: now,
      updatedAt: now,
    })
    leaveBehind(use, connection)
    use.holders.recall(connection.id)
    use.record({
      type: 'vault.revoked',
      attributes: {
        connection: connection.id,
        provider: connection.provider,
        by: by.kind,
        ...(by.reason === undefined ? {} : { reason: by.reason }),
      },
      payload: { by: by.id, account: connection.account, label: connection.label },
    })
  }
  for (const provider of new Set(connections.map((one) => one.provider))) newDefault(use, provider)
  use.settle()
  return Promise.all(connections.map((connection) => revokeNow(use, connection.id)))
}

/** The rest of taking back, after a crash or a provider that did not answer. Answers when to come again. */
export async function resumeRevocations(use: VaultUse): Promise<number | null> {
  const waiting = use.store.all().filter((one) => one.status === 'revoking')
  const due = waiting.filter((one) => (one.retryAt ?? 0) <= use.now())
  await Promise.all(due.map((one) => revokeNow(use, one.id)))
  const next = use.store
    .all()
    .flatMap((one) => (one.status === 'revoking' && one.retryAt !== null ? [one.retryAt] : []))
  return next.length === 0 ? null : Math.min(...next)
}

async function revokeNow(use: VaultUse, id: string): Promise<TakenBack> {
  const connection = use.store.get(id)
  const none = { connection: id, provider: '', label: '', revocation: 'revoked' as const }
  if (connection?.status !== 'revoking') return none
  const { provider: name, label, attemptTries } = connection
  const tries = attemptTries + 1
  // Before the request: a crash during it counts as a try.
  use.store.update(id, { attemptTries: tries, retryAt: use.now() + pauseMs(tries) })
  const isSuperseded = use.store.ofAccount(name, connection.account) !== null
  const provider = await use.provider(name)
  const revocation = isSuperseded
    ? 'superseded'
    : provider.ok
      ? await revokeAt(use, provider.value, connection)
      : 'failed'
  if (use.store.get(id)?.status !== 'revoking') return none
  if (revocation !== 'failed' || tries >= maxTries) finish(use, connection, revocation)
  return { connection: id, provider: name, label, revocation }
}

async function revokeAt(use: VaultUse, provider: Provider, connection: Connection): Promise<Revocation> {
  // It is the administrator's key, not a token of ours: only they can withdraw it there.
  if (connection.kind === 'api_key' || hasMoved(connection, provider)) return 'not_possible'
  const access = connection.access && (await use.keys.open(connection, 'access', connection.access))
  const opened = connection.refresh && (await use.keys.open(connection, 'refresh', connection.refresh))
  const kept = opened && opened.ok ? opened.value : null
  const accessToken = access && access.ok ? access.value : null
  if (connection.kind === 'user') return revokeTokens(use, provider, accessToken, kept, connection.details)
  // Of a service account it is the credential, which goes to nobody: it says as whom to ask.
  const credential = kept === null ? null : readCredential(kept)
  const as = credential ? asServed(provider, credential) : provider
  return revokeTokens(use, as, accessToken, null, connection.details)
}

function finish(use: VaultUse, { id, provider }: Connection, revocation: Revocation): void {
  use.store.remove(id)
  use.record({ type: 'vault.revoked', attributes: { connection: id, provider, atProvider: revocation } })
  use.settle()
}

function leaveBehind(use: VaultUse, { id, generation }: Connection): void {
  const owner = use.keys.owner()
  if (!owner) return
  use.store.leave('d1', id)
  for (const key of copiesOf(owner, id, generation)) use.store.leave('kv', key)
}

/** If one is left, there is nothing to choose. */
function newDefault(use: VaultUse, provider: string): void {
  const left = use.store.ofProvider(provider)
  const [only, ...more] = left
  if (only && more.length === 0 && !only.isDefault) use.store.makeDefault(provider, only.id)
}
