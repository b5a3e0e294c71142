import { fromHex, sha256, timingSafeEqual } from '../core/bytes.ts'
import type { ProjectId } from '../core/ids.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { adminKeyPrefix, unauthenticated } from './credential.ts'
import type { IdentityDeps } from './deps.ts'
import type { Role } from './keys.ts'
import { recordKeyUse } from './key-used.ts'
import { findKey } from './keys.ts'

/** Who administers. `keyId` null: the token of the deployment itself, from its secrets. */
export type Admin = { project: ProjectId; role: Role; keyId: string | null; name: string }

export const roles = ['owner', 'admin', 'editor', 'auditor'] as const

/** A deployment has one project until somebody needs another. */
export const defaultProject = 'default' as ProjectId

/**
 * The administrator behind `Authorization: Bearer bh_adm_…`. Errors: `identity/unauthenticated`, the same for every reason.
 * There is no cookie in it, so another site's form cannot use it (attack case 33).
 */
export async function verifyAdmin(request: Request, deps: IdentityDeps): Promise<Result<Admin>> {
  const { config, db, now } = deps
  const header = request.headers.get('authorization')
  if (header === null) return unauthenticated('missing')
  const token = /^Bearer +([\w-]{1,200})$/i.exec(header)?.[1]
  if (token === undefined) return unauthenticated('malformed')
  if (config.bootstrapAdminHash !== null && timingSafeEqual(await sha256(token), fromHex(config.bootstrapAdminHash))) {
    const bootstrap = { id: 'bootstrap', kind: 'admin', project: defaultProject, agent: null, prefix: '' } as const
    await recordKeyUse(bootstrap, deps)
    return ok({ project: defaultProject, role: 'owner', keyId: null, name: 'bootstrap' })
  }
  if (!token.startsWith(adminKeyPrefix)) return unauthenticated('unknown')
  const key = await findKey(db, 'admin', token, now())
  const role = roles.find((one) => one === key?.role)
  if (key === null || role === undefined) return unauthenticated('unknown')
  await recordKeyUse(key, deps)
  return ok({ project: key.project, role, keyId: key.id, name: key.name })
}

/** Whether the role is at least this one. Errors: `identity/forbidden`. */
export function requireRole({ role }: Pick<Admin, 'role'>, least: Role): Result<null> {
  return roles.indexOf(role) <= roles.indexOf(least) ? ok(null) : refuse('identity/forbidden')
}
