import { z } from 'zod'
import { fromUtf8 } from '../core/bytes.ts'
import { parseJson } from '../core/json.ts'
import type { Refusal, Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { IdentityDeps } from '../identity/identity.ts'
import { requireRole, verifyAdmin } from '../identity/identity.ts'
import { problem } from './problem.ts'
import { recordAndCommit, recordForbidden } from './record-change.ts'
import type { AdminRoute, AdminUse, AnyInput } from './route.ts'

export type Deployment = { env: Env; identity: IdentityDeps }

/** One request to one route: who, may they, what did they send; then the handler, and for a change the record. */
export async function serve(
  route: AdminRoute,
  request: Request,
  params: Record<string, string>,
  { env, identity }: Deployment,
): Promise<Response> {
  const { config, db, now } = identity
  if (isForeign(request, config.publicUrl)) return problem({ code: 'identity/not_same_site' })
  const verified = await verifyAdmin(request, identity)
  if (!verified.ok) return problem({ ...verified.error, message: 'Send a valid admin token as a bearer token.' })
  const use: AdminUse = { env, config, db, now, identity, admin: verified.value }
  const allowed = requireRole(use.admin, route.role)
  if (!allowed.ok) {
    await recordForbidden(use, `${route.method} ${route.path}`)
    return problem({ ...allowed.error, message: `This needs the role ${route.role}.` })
  }
  const input = await readInput(route, request, params)
  if (!input.ok) return problem(input.error)
  if (route.kind === 'stream') {
    const stillAllowed = async (): Promise<boolean> => {
      const again = await verifyAdmin(request, identity)
      return again.ok && requireRole(again.value, route.role).ok
    }
    const visit = { lastEventId: request.headers.get('last-event-id'), stillAllowed }
    const answer = await route.respond(input.value, use, visit)
    return answer.ok ? answer.value : problem(named(answer.error, params))
  }
  const result = route.kind === 'read' ? await route.read(input.value, use) : await make(route, input.value, use)
  if (!result.ok) return problem(named(result.error, params))
  return Response.json(route.reply.parse(result.value), {
    status: route.kind === 'change' ? route.status : 200,
    headers: { 'cache-control': 'no-store' },
  })
}

async function make(route: AdminRoute & { kind: 'change' }, input: AnyInput, use: AdminUse): Promise<Result<unknown>> {
  const change = await route.change(input, use)
  return change.ok ? recordAndCommit(use, change.value) : change
}

/** Says what is not there, where nobody said it better. */
function named(refusal: Refusal, params: Readonly<Record<string, string>>): Refusal {
  const names = Object.values(params).join(', ')
  const missing = refusal.code === 'core/not_found' || refusal.code === 'gateways/unknown'
  return missing && names !== '' ? { message: `There is nothing by this name: ${names}.`, ...refusal } : refusal
}

/**
 * Only browsers send these, and no page of another site has business here (attack case 33). There is no cookie to abuse
 * either; this keeps it so when there is one.
 */
function isForeign(request: Request, publicUrl: string): boolean {
  const origin = request.headers.get('origin')
  const site = request.headers.get('sec-fetch-site')
  const foreignSite = site !== null && site !== 'same-origin' && site !== 'none'
  return foreignSite || (origin !== null && origin !== new URL(publicUrl).origin)
}

async function readInput(
  route: AdminRoute,
  request: Request,
  params: Record<string, string>,
): Promise<Result<AnyInput>> {
  const query = readQuery(new URL(request.url).searchParams)
  if (!query.ok) return query
  const body = await readBody(route, request)
  if (!body.ok) return body
  const shape = z.object({
    params: route.params ?? z.strictObject({}),
    query: route.query ?? z.strictObject({}),
    body: route.body ?? z.undefined(),
  })
  const parsed = shape.safeParse({ params, query: query.value, body: body.value })
  if (parsed.success) return ok(parsed.data as AnyInput)
  const faults = parsed.error.issues
    .slice(0, 50)
    .map((issue) => ({ path: issue.path.join('.'), message: messageOf(issue) }))
  const first = faults[0]
  return refuse('core/bad_request', {
    ...(first ? { message: `${first.path}: ${first.message}` } : {}),
    evidence: { faults },
  })
}

/** What is wrong with a key stands one level deeper. */
function messageOf(issue: z.core.$ZodIssue): string {
  return issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message
}

/** A name given twice is read differently by different readers, so it is refused. */
function readQuery(search: URLSearchParams): Result<Record<string, string>> {
  const names = [...search.keys()]
  if (new Set(names).size !== names.length)
    return refuse('core/bad_request', { message: 'A query parameter is given twice.' })
  return ok(Object.fromEntries(search))
}

async function readBody(route: AdminRoute, request: Request): Promise<Result<unknown>> {
  if (!route.body) return ok(undefined)
  // A form of another site can send text/plain, never application/json without asking first (CORS).
  const type = request.headers.get('content-type') ?? ''
  if (!/^application\/json *(;|$)/i.test(type)) {
    return refuse('admin/media_type')
  }
  // Not `text()`: it mends bytes that are no UTF-8 and drops a byte order mark (attack case 46).
  const bytes = new Uint8Array(await request.arrayBuffer())
  try {
    return parseJson(fromUtf8(bytes))
  } catch {
    return refuse('core/invalid_json', { evidence: { fault: 'not_utf8' } })
  }
}
