import { and, eq, sql } from 'drizzle-orm'
import { html } from 'hono/html'
import type { EventView } from '../audit/audit.ts'
import { listEvents, placeText, readPlace } from '../audit/audit.ts'
import { base64url, fromBase64, fromUtf8, utf8 } from '../core/bytes.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import { errorPage, page } from '../core/page.ts'
import { agents } from '../db/schema.ts'
import type { BrowserSession, IdentityDeps } from '../identity/identity.ts'
import { browserSession, defaultProject, startSignIn } from '../identity/identity.ts'
import { wordsFor } from './activity-words.ts'
import { connectPaths } from './paths.ts'

const pageSize = 50

/**
 * What was done in a person's name, by their own right: their browser session is all they need, and nothing but their own
 * events can be asked for. Rules and evidence are the administrators': a person sees what, when, by which agent and how it
 * ended. `Accept: application/json` gives the same as JSON.
 */
export async function showActivity(request: Request, env: Env, deps: IdentityDeps): Promise<Response> {
  const session = await browserSession(request, deps)
  const wantsJson = request.headers.get('accept')?.includes('application/json') === true
  if (!session.ok) {
    if (wantsJson) return Response.json({ code: session.error.code }, { status: 401, headers: uncached })
    return startSignIn(request, { project: defaultProject, provider: null, returnTo: connectPaths.activity }, deps)
  }
  const query = new URL(request.url).searchParams
  const after = placeOf(query.get('after'))
  if (after === undefined) return errorPage('core/bad_request')
  const { project, user } = session.value
  const call = query.get('call')
  const filters = { user: user.id, ...(call === null || call === '' ? {} : { call: call.slice(0, 200) }) }
  const found = await listEvents(env, project, filters, { after, limit: pageSize, payloads: true })
  const names = await agentNames(deps, project, found.items)
  const items = found.items.map((event) => shown(event, names))
  const next = found.next && base64url(utf8(placeText(found.next)))
  if (wantsJson) return Response.json({ items, nextCursor: next }, { headers: uncached })
  return activityPage(session.value, items, next)
}

type Shown = {
  id: string
  at: number
  type: string
  agent: string | null
  gateway: string | null
  tool: string | null
  outcome: string | null
  call: string | null
  account: string | null
  arguments: JsonObject | null
}

function shown(event: EventView, names: ReadonlyMap<string, string>): Shown {
  const { id, at, type, agent, gateway, tool, outcome, call, payload } = event
  const args = payload?.['arguments']
  return {
    id,
    at,
    type,
    agent: agent === undefined ? null : (names.get(agent) ?? agent),
    gateway: gateway ?? null,
    tool: tool ?? null,
    outcome: outcome ?? null,
    call: call ?? null,
    account: textOf(payload?.['account']) ?? textOf(payload?.['label']),
    arguments: isObject(args) ? (args as JsonObject) : null,
  }
}

/** What else is on record about a call names the tool too. */
const isCall = ({ type, tool }: Shown): boolean => type.startsWith('tool.') && tool !== null

function activityPage({ user }: BrowserSession, items: readonly Shown[], next: string | null): Promise<Response> {
  const rows = items.map(
    (one) =>
      html`<tr>
        <td>${new Date(one.at).toISOString().replace('T', ' ').slice(0, 19)}</td>
        <td>${one.agent ?? ''}</td>
        <td>${isCall(one) ? one.tool : wordsFor(one.type)}</td>
        <td>${isCall(one) ? (one.outcome ?? 'begun') : ''}</td>
        <td>
          ${one.arguments === null ? '' : html`<code>${JSON.stringify(one.arguments).slice(0, 500)}</code>`}
          ${
            one.call === null
              ? ''
              : html`<a href="${connectPaths.activity}?call=${encodeURIComponent(one.call)}">whole call</a>`
          }
        </td>
      </tr>`,
  )
  const body = html`<p>${user.name}: newest first, times in UTC.</p>
    ${
      items.length === 0
        ? html`<p>Nothing is on record.</p>`
        : html`<table>
            <thead>
              <tr>
                <th>When</th>
                <th>Agent</th>
                <th>What</th>
                <th>How it ended</th>
                <th>With</th>
              </tr>
            </thead>
            <tbody>
              ${rows}
            </tbody>
          </table>`
    }
    ${next === null ? '' : html`<p><a href="${connectPaths.activity}?after=${next}">Older</a></p>`}`
  return page({ title: 'What was done in your name', body, width: 'wide' })
}

/** A person knows agents by their names. */
async function agentNames({ db }: IdentityDeps, project: string, events: readonly EventView[]) {
  const ids = JSON.stringify([...new Set(events.flatMap(({ agent }) => agent ?? []))])
  const isAsked = sql`${agents.id} IN (SELECT value FROM json_each(${ids}))`
  const rows = await db
    .select({ id: agents.id, name: agents.name })
    .from(agents)
    .where(and(eq(agents.project, project), isAsked))
  return new Map(rows.map(({ id, name }) => [id, name]))
}

/** Undefined: it is no place of this list. */
function placeOf(text: string | null): ReturnType<typeof readPlace> | undefined {
  if (text === null) return null
  try {
    return readPlace(fromUtf8(fromBase64(text))) ?? undefined
  } catch {
    return undefined
  }
}

const textOf = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null)
const uncached = { 'cache-control': 'no-store' }
