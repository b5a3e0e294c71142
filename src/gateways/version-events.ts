import type { AuditEvent } from '../audit/audit.ts'
import type { GatewayId, ProjectId } from '../core/ids.ts'
import { uuidv7 } from '../core/ids.ts'
import type { Json } from '../core/json.ts'
import type { Snapshot } from './snapshot.ts'

const mostNames = 50

/**
 * What is in force from now on. A name that two servers have is nobody's until an administrator settles it (attack case 54): the
 * record says so of every version in which that is the case, however it came to be.
 */
export function versionEvents(
  of: { project: ProjectId; gateway: GatewayId; version: number | null; closed: boolean },
  snapshot: Pick<Snapshot, 'slug' | 'leftOut'> | null,
  at: number,
): AuditEvent[] {
  const about = {
    at,
    project: of.project,
    gatewayId: of.gateway,
    ...(snapshot === null ? {} : { gateway: snapshot.slug }),
    ...(of.version === null ? {} : { gatewayVersion: of.version }),
  }
  const type = of.closed ? 'gateway.disabled' : 'gateway.published'
  const clashes = snapshot?.leftOut.filter(({ hidden }) => hidden !== undefined) ?? []
  const names = [...new Set(clashes.flatMap(({ hidden = [] }) => hidden))]
  const published: AuditEvent = { id: uuidv7(at), type, ...about, attributes: {} }
  if (of.closed || names.length === 0) return [published]
  const attributes = { names: names.slice(0, mostNames).map((name) => name.slice(0, 200)), hidden: names.length }
  const payload = { leftOut: clashes as unknown as Json }
  return [published, { id: uuidv7(at), type: 'gateway.names_hidden', ...about, attributes, payload }]
}
