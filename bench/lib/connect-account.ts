import type { Config } from '../../src/config/config.ts'
import type { LeaseRequest } from '../../src/vault/vault.ts'
import { readLink, vaultOf } from '../../src/vault/vault.ts'

export const leaseFor = (project: string, user: string): LeaseRequest => ({
  project,
  user,
  session: 'bench',
  provider: 'github',
  scopes: ['repo', 'read:user'],
  why: { callId: 'bench', gateway: 'bench', agentId: 'bench', agentName: 'Bench', tool: 'Bench' },
})

/** One account connected through the same steps as a browser takes. */
export async function connectAccount(env: Env, config: Config, project: string, user: string): Promise<void> {
  const now = Date.now()
  const vault = vaultOf(env, user)
  const asked = await vault.lease(leaseFor(project, user))
  if (asked.ok) return
  const link = await readLink(config.stateKey, 'connect', asked.error.help?.url?.split('/connect/')[1] ?? '', now)
  if (!link) throw new Error(`no link: ${JSON.stringify(asked)}`)
  const visitor = { project, user }
  const pending = await vault.viewConnect(link.nonce, visitor)
  if (!pending.ok) throw new Error(JSON.stringify(pending))
  const started = await vault.startConnect(link.nonce, pending.value.at(-1)?.ticket ?? '', visitor)
  if (!started.ok) throw new Error(JSON.stringify(started))
  const state = await readLink(config.stateKey, 'state', started.value.state, now)
  const query = `?code=bench&state=${encodeURIComponent(started.value.state)}`
  let end = await vault.finishConnect({ stateNonce: state?.nonce ?? '', provider: 'github', query, visitor })
  if (end.ok && end.value.kind === 'confirm') end = await vault.confirmConnect(end.value.held, visitor, true)
  if (!end.ok || end.value.kind !== 'connected') throw new Error(JSON.stringify(end))
}
