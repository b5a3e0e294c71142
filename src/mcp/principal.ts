import type { Caller } from '../core/caller.ts'

/**
 * Who an id or a state was made for. Everything that a client carries for us is bound to all of it, so that nothing opens
 * for another person, through another agent, at another gateway or after a new sign-in.
 */
export function principal(caller: Caller): readonly string[] {
  return [caller.project, caller.gateway, caller.user.id, caller.agent.id, caller.grant]
}
