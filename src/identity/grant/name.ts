import type { GrantId, ProjectId, UserId } from '../../core/ids.ts'

/** Which grant a code or token belongs to. Says nothing about whether it is genuine. */
export type GrantName = { project: ProjectId; user: UserId; grant: GrantId }

/**
 * The OAuth library writes codes and tokens as `<subject>:<grant>:<secret>`. Our subject is `<project>.<user>`, so that
 * the object that holds a grant is found from the token alone and its name begins with the project.
 */
const tokenShape = /^([\w%.~!'()*-]{1,100})\.([\w-]{43}):([\w-]{16}):[\w-]{32}$/

export function readGrantName(token: string): GrantName | null {
  const [, project, user, grant] = tokenShape.exec(token) ?? []
  if (project === undefined || user === undefined || grant === undefined) return null
  try {
    return { project: decodeURIComponent(project) as ProjectId, user: user as UserId, grant: grant as GrantId }
  } catch {
    return null
  }
}

/** The library's user id. */
export function grantSubject({ project, user }: { project: string; user: string }): string {
  return `${encodeURIComponent(project)}.${user}`
}

/** Name of the Grant object, and the part of the library's keys that every record of the grant shares. */
export function grantObjectName(name: { project: string; user: string; grant: string }): string {
  return `${grantSubject(name)}:${name.grant}`
}
