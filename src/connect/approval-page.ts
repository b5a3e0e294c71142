import { and, eq } from 'drizzle-orm'
import { html } from 'hono/html'
import { elicitationId } from '../core/elicitation-id.ts'
import type { GatewayId, ProjectId } from '../core/ids.ts'
import { uuidv7 } from '../core/ids.ts'
import { errorPage, facts, formPage, messagePage } from '../core/page.ts'
import { openSecret } from '../core/seal.ts'
import { decideApproval } from '../db/decide-approval.ts'
import { approvals, users } from '../db/schema.ts'
import type { BrowserSession, IdentityDeps } from '../identity/identity.ts'
import { browserSession, checkCsrf, csrfField, csrfToken, readForm, startSignIn } from '../identity/identity.ts'
import { showHidden } from '../screening/screening.ts'
import { tellElicited } from '../vault/vault.ts'
import { approversSchema, mayApprove } from './may-approve.ts'

type Row = typeof approvals.$inferSelect
type Opened = { row: Row; session: BrowserSession; requester: { id: string; name: string; manager: string | null } }

/** GET: what would run, with which arguments, for whom. Decides nothing. */
export async function showApproval(request: Request, id: string, deps: IdentityDeps): Promise<Response> {
  const opened = await open(request, id, deps)
  if (opened instanceof Response) return opened
  const { row, session, requester } = opened
  const args = await openSecret(deps.config, ['approval', row.project, row.id], row.sealedArguments)
  if (!args.ok) return errorPage('core/internal')
  return formPage({
    title: `Let this run?`,
    body: html`<p>
        <strong>${row.agent}</strong> wants to do this for ${requester.name}. Your answer counts for exactly this call,
        once.
      </p>
      ${facts([
        ['Tool', row.tool],
        ['Gateway', row.gateway],
        ['For', requester.name],
        ['Until', new Date(row.expiresAt).toISOString().slice(0, 16).replace('T', ' ') + ' UTC'],
        ['You are', session.user.email ? `${session.user.name} (${session.user.email})` : session.user.name],
      ])}
      <h2>With these arguments</h2>
      <pre tabindex="0" aria-label="Arguments">${showHidden(JSON.stringify(JSON.parse(args.value), null, 2))}</pre>`,
    action: `/approve/${row.id}`,
    hidden: { [csrfField]: await csrfToken(deps.config, session, csrfPurpose(id)) },
    buttons: [
      { name: 'decision', value: 'approve', label: 'Approve once' },
      { name: 'decision', value: 'reject', label: 'Reject' },
    ],
  })
}

/** POST: the decision, recorded before it counts. */
export async function decideHere(request: Request, id: string, env: Env, deps: IdentityDeps): Promise<Response> {
  const opened = await open(request, id, deps)
  if (opened instanceof Response) return opened
  const { row, session, requester } = opened
  const form = await readForm(request)
  if (!form.ok) return errorPage(form.error.code)
  const fromHere = await checkCsrf(request, form.value, deps.config, session, csrfPurpose(id))
  if (!fromHere.ok) return errorPage(fromHere.error.code)
  const decision = form.value.get('decision')
  if (decision !== 'approve' && decision !== 'reject') return errorPage('core/bad_request')
  await deps.record([decidedEvent(row, session, decision, deps.now())])
  const approve = decision === 'approve'
  const it = { project: row.project, id: row.id, approve, by: session.user.id, note: null }
  if (!(await decideApproval(deps.db, it, deps.now()))) {
    await deps.record([{ ...decidedEvent(row, session, decision, deps.now()), outcome: 'refused' }])
    return decidedPage()
  }
  const link = `${deps.config.publicUrl}/approve/${row.id}`
  await tellElicited(env, row.session, await elicitationId(link))
  return messagePage({
    title: approve ? 'Approved' : 'Rejected',
    text: approve
      ? `${requester.name} can let the agent try again now. It works once, for exactly this call.`
      : 'The call will not run. The agent is told that it was rejected.',
  })
}

/** Who may not decide learns nothing of the call: not the tool, not the arguments, not for whom it is. */
async function open(request: Request, id: string, deps: IdentityDeps): Promise<Opened | Response> {
  // By its id alone: it is 256 random bits, and until somebody has signed in there is no project to bind.
  const [row] = await deps.db.select().from(approvals).where(eq(approvals.id, id)).limit(1)
  if (!row) return unknownPage()
  const session = await browserSession(request, deps)
  if (!session.ok) {
    const signIn = { project: row.project as ProjectId, provider: null, returnTo: `/approve/${id}` }
    return startSignIn(request, signIn, deps)
  }
  const { project, user } = session.value
  const approvers = approversSchema.safeParse(row.approvers)
  if (project !== row.project || !approvers.success) return unknownPage()
  const of = and(eq(users.project, project), eq(users.id, row.user))
  const [found] = await deps.db.select().from(users).where(of).limit(1)
  if (!found) return unknownPage()
  const requester = { id: found.id, name: found.name, manager: found.manager }
  if (!mayApprove(approvers.data, requester, user)) {
    return user.id === row.user ? waitingPage() : unknownPage()
  }
  if (row.status !== 'pending' || row.expiresAt <= deps.now()) return decidedPage()
  return { row, session: session.value, requester }
}

const csrfPurpose = (id: string): string => `approve:${id}`

function decidedEvent(row: Row, { user }: BrowserSession, decision: 'approve' | 'reject', now: number) {
  return {
    id: uuidv7(now),
    type: 'approval.decided' as const,
    at: now,
    project: row.project,
    gateway: row.gateway as GatewayId,
    user: row.user,
    session: row.session,
    tool: row.tool,
    decision: decision === 'approve' ? ('permit' as const) : ('deny' as const),
    attributes: { 'behalf.approval.id': row.id, 'behalf.approver': user.id, 'behalf.policy.rules': [row.rule] },
  }
}

function unknownPage(): Promise<Response> {
  return errorPage('connect/invalid', {
    title: 'There is nothing for you to approve here',
    text: 'The link is not complete, it is too old, or it is for other people.',
  })
}

function waitingPage(): Promise<Response> {
  return messagePage({
    title: 'Somebody else has to approve this',
    text: 'You asked for it, so you cannot approve it yourself. Send this link to whoever may, then let your agent try again.',
  })
}

function decidedPage(): Promise<Response> {
  return messagePage({
    title: 'This is decided already',
    text: 'It was approved, rejected or has expired. Nothing more is needed.',
  })
}
