import { z } from 'zod'
import { openState, sealState } from '../core/state.ts'
import type { BrowserSession, IdentityDeps } from '../identity/identity.ts'
import { browserSession } from '../identity/identity.ts'
import type { ConnectEnd } from '../vault/vault.ts'
import { endPage, invalidLink } from './pages.ts'

const purpose = 'connect result'
const lifeMs = 10 * 60_000

const end = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('connected'),
    provider: z.string(),
    account: z.string(),
    connection: z.string(),
    missing: z.array(z.string()),
    remaining: z.number(),
  }),
  z.object({ kind: z.literal('declined'), provider: z.string() }),
  z.object({ kind: z.literal('swapped_account'), provider: z.string(), expected: z.string(), got: z.string() }),
  z.object({
    kind: z.literal('wrong_domain'),
    provider: z.string(),
    account: z.string(),
    domains: z.array(z.string()),
  }),
  z.object({ kind: z.literal('failed'), provider: z.string(), reason: z.string() }),
])
const shape = z.object({ user: z.string(), end })

/**
 * Moves the browser off the callback's address: the code, although spent, is then in no history entry, and a reload shows the
 * result again instead of an error.
 */
export async function endedAt(
  end: ConnectEnd,
  session: BrowserSession,
  { config, now }: IdentityDeps,
  cookie: string,
): Promise<Response> {
  const state = { user: session.user.id, end: { ...end } }
  const sealed = await sealState(config.stateKey, purpose, shape.parse(state), now() + lifeMs)
  const headers = {
    location: `/connect/result/${sealed}`,
    'set-cookie': cookie,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
  }
  return new Response(null, { status: 303, headers })
}

/** Account names are the person's own business: shown to nobody else who gets hold of the address. */
export async function resultOf(request: Request, sealed: string, deps: IdentityDeps): Promise<Response> {
  const read = shape.safeParse(await openState(deps.config.stateKey, purpose, sealed, deps.now()))
  const session = await browserSession(request, deps)
  if (!read.success || !session.ok || session.value.user.id !== read.data.user) return invalidLink()
  return endPage(read.data.end)
}
