import type { AuditEvent } from '../audit/audit.ts'
import type { User } from '../core/caller.ts'
import type { ProjectId } from '../core/ids.ts'
import { identityEvent, personPayload } from './events.ts'

/** What brought it about. */
export type Source = 'sign_in' | 'app_key'

const mostGroups = 50

/** The directory learned of a person, or that their groups are others than they were. Nothing changed: no event. */
export function directoryChanged(
  project: ProjectId,
  before: Pick<User, 'groups'> | null,
  user: Pick<User, 'id' | 'issuer' | 'subject' | 'name' | 'groups'>,
  source: Source,
  now: number,
): AuditEvent[] {
  const joined = user.groups.filter((group) => before?.groups.includes(group) !== true)
  const left = before?.groups.filter((group) => !user.groups.includes(group)) ?? []
  if (before !== null && joined.length === 0 && left.length === 0) return []
  const attributes = {
    what: before === null ? 'added' : 'groups',
    source,
    ...(joined.length > 0 && { joined: joined.slice(0, mostGroups) }),
    ...(left.length > 0 && { left: left.slice(0, mostGroups) }),
  }
  return [identityEvent('directory.changed', { project, user: user.id }, now, attributes, personPayload(user))]
}
