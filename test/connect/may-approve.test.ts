import { describe, expect, it } from 'vitest'
import { mayApprove } from '../../src/connect/may-approve.ts'

const nobody = { self: false, manager: false, groups: [], users: [], notRequester: true }
const alice = { id: 'alice', manager: 'mona' }
const visitor = (id: string, ...groups: string[]) => ({ id, groups })

describe('who may approve', () => {
  it('is nobody by default', () => {
    expect(mayApprove(nobody, alice, visitor('carol', 'engineering'))).toBe(false)
  })

  it('is a member of a group the rule names, but not the requester where the rule says so', () => {
    const approvers = { ...nobody, groups: ['engineering'] }
    expect(mayApprove(approvers, alice, visitor('carol', 'engineering'))).toBe(true)
    expect(mayApprove(approvers, alice, visitor('carol', 'sales'))).toBe(false)
    expect(mayApprove(approvers, alice, visitor('alice', 'engineering'))).toBe(false)
    expect(mayApprove({ ...approvers, notRequester: false }, alice, visitor('alice', 'engineering'))).toBe(true)
  })

  it('is the person themself for a plain confirmation, and nobody else', () => {
    const approvers = { ...nobody, self: true, notRequester: false }
    expect(mayApprove(approvers, alice, visitor('alice'))).toBe(true)
    expect(mayApprove(approvers, alice, visitor('carol'))).toBe(false)
  })

  it("is the requester's manager, not another's", () => {
    const approvers = { ...nobody, manager: true }
    expect(mayApprove(approvers, alice, visitor('mona'))).toBe(true)
    expect(mayApprove(approvers, { id: 'bob', manager: null }, visitor('mona'))).toBe(false)
  })
})
