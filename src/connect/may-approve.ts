import { z } from 'zod'

/** `approvals.approvers`: whom the rule that demanded the approval names. */
export const approversSchema = z.object({
  self: z.boolean(),
  manager: z.boolean(),
  groups: z.array(z.string()),
  users: z.array(z.string()),
  notRequester: z.boolean(),
})

export type Approvers = z.output<typeof approversSchema>

type Requester = { id: string; /** User id of their manager, as the directory says. */ manager: string | null }
type Visitor = { id: string; groups: readonly string[] }

/** Whether this person may decide about the other's call. Nobody by default. */
export function mayApprove(approvers: Approvers, requester: Requester, visitor: Visitor): boolean {
  const own = visitor.id === requester.id
  if (own && approvers.notRequester) return false
  if (own && approvers.self) return true
  if (approvers.manager && requester.manager === visitor.id) return true
  if (approvers.users.includes(visitor.id)) return true
  return approvers.groups.some((group) => visitor.groups.includes(group))
}
