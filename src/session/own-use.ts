import type { Config } from '../config/config.ts'
import type { Clock } from '../core/clock.ts'
import type { SessionId } from '../core/ids.ts'
import { randomToken } from '../core/ids.ts'
import type { Snapshot } from '../gateways/gateways.ts'
import type { Charge } from '../policy/policy.ts'
import type { Facts, OwnConnection, OwnUse, ToolCall } from '../runtime/runtime.ts'
import { findingOf } from '../runtime/runtime.ts'
import type { VaultApi, VaultOwnerApi } from '../vault/vault.ts'
import { makeAccountLink } from '../vault/vault.ts'
import type { AuditEvent } from '../audit/audit.ts'
import { uuidv7 } from '../core/ids.ts'
import { consentScopes } from './consent-scopes.ts'

export type OwnUseOf = {
  config: Config
  session: SessionId
  snapshot: () => Snapshot
  vault: (user: string) => VaultApi & VaultOwnerApi
  facts: Facts
  record: (event: AuditEvent) => void
  now: Clock
}

/** What our own tools may do of a session: ask the vault for lists and links, and leave a note for the administrator. */
export function ownUse(of: OwnUseOf): OwnUse {
  return {
    get finding() {
      return findingOf(of.snapshot())
    },
    connections: {
      list: async ({ caller }) => (await of.vault(caller.user.id).connections()).flatMap(shown),
      connectLink({ id, caller }, { provider, scopes }) {
        const { project, gateway: gatewayId, user, agent } = caller
        const { askScopes = [], allowedScopes } = consentScopes(of.snapshot(), provider)
        const asked = {
          callId: `${id}-${randomToken()}`,
          gateway: of.snapshot().slug,
          gatewayId,
          agentId: agent.id,
          agentName: agent.name,
          ...(agent.host === undefined ? {} : { agentHost: agent.host }),
          tool: 'Manage connections',
          session: of.session,
        }
        const wanted = {
          provider,
          scopes: [...scopes, ...askScopes],
          asked,
          ...(allowedScopes ? { allowedScopes } : {}),
        }
        return of.vault(user.id).connectLink({ project, user: user.id }, wanted)
      },
      accountLink({ caller: { project, user, agent } }, wants, { id, label }) {
        const by = { name: agent.name, host: agent.host ?? null }
        const link = { wants, project, user: user.id, connection: id, label, agent: by }
        return makeAccountLink(of.config, link, of.now())
      },
    },
    async report(call, report) {
      const charged = await of.facts.charge(reportCharges(call, of.now()))
      if (!charged.ok) return charged
      const at = of.now()
      const { project, gateway: gatewayId, user, agent } = call.caller
      of.record({
        id: uuidv7(at),
        type: 'catalog.tool_missing',
        at,
        project,
        gateway: of.snapshot().slug,
        gatewayId,
        gatewayVersion: of.snapshot().version,
        user: user.id,
        agent: agent.id,
        session: of.session,
        call: call.id,
        attributes: {},
        payload: report,
      })
      return { ok: true, value: null }
    },
  }
}

function shown({ id, provider, label, status, isDefault }: Awaited<ReturnType<VaultOwnerApi['connections']>>[number]) {
  return status === 'revoking' ? [] : [{ id, provider, label, status, isDefault } satisfies OwnConnection]
}

const dayMs = 86_400_000
const perSession = 5
const perDay = 20

/** An agent in a loop fills nobody's letter box: few for a session, and not many more for a person through all of theirs. */
function reportCharges({ caller }: ToolCall, now: number): Charge[] {
  const day = Math.floor(now / dayMs)
  const rule = 'report_missing_tool'
  return [
    { rule, key: `own ${rule}`, amount: 1, max: perSession, scope: 'session', resetsAt: null },
    {
      rule,
      key: `own ${rule} ${caller.user.id} ${day}`,
      amount: 1,
      max: perDay,
      scope: 'gateway',
      resetsAt: (day + 1) * dayMs,
    },
  ]
}
