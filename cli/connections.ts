import type { Command } from './command.ts'
import { Fault, exitCodes, text } from './command.ts'
import { day, listCommand } from './list.ts'

type Connection = {
  id: string
  user: string
  provider: string
  label: string
  status: string
  lastUsedAt: number | null
}
type Taken = { id: string; provider: string; label: string; atProvider: string }

export const list = listCommand<Connection>({
  path: '/connections',
  help: "People's accounts at providers. Tokens are never shown.",
  row: (one) => [one.id, one.provider, one.label, one.status, one.user, day(one.lastUsedAt)],
  empty: 'Nobody has connected an account yet.',
  filters: ['user', 'provider'],
})

export const revoke: Command = {
  usage: '(--connection <id> | --user <id> | --provider <id>) [--reason <text>]',
  help: `Takes connections back: from live sessions within 5 seconds, from storage, and at the provider. What the provider
gives no way to revoke is said. connections lists the ids.`,
  options: {
    connection: { type: 'string' },
    user: { type: 'string' },
    provider: { type: 'string' },
    reason: { type: 'string' },
  },
  async run({ values }, context) {
    const id = text(values['connection'])
    const [user, provider, reason] = [text(values['user']), text(values['provider']), text(values['reason'])]
    if ([id, user, provider].filter((one) => one !== undefined).length !== 1) {
      throw new Fault('Say one of --connection, --user and --provider.', exitCodes.usage)
    }
    const body = { reason: reason ?? 'revoked_by_admin' }
    if (provider !== undefined) {
      const path = `/providers/${encodeURIComponent(provider)}/connections/revoke`
      const revoked: Record<string, number> = {}
      for (let after: string | null = ''; after !== null;) {
        const part: { revoked: Record<string, number>; next: string | null } = await context.api.send('POST', path, {
          ...body,
          after,
        })
        for (const [name, n] of Object.entries(part.revoked)) revoked[name] = (revoked[name] ?? 0) + n
        after = part.next
      }
      context.printJson(revoked)
      context.print(
        Object.entries(revoked)
          .map(([name, n]) => `${n} ${meaning(name)}`)
          .join('\n') || 'There were none.',
      )
      return
    }
    const done =
      user === undefined
        ? [await context.api.send<Taken>('POST', `/connections/${encodeURIComponent(id ?? '')}/revoke`, body)]
        : (
            await context.api.send<{ connections: Taken[] }>(
              'POST',
              `/users/${encodeURIComponent(user)}/connections/revoke`,
              body,
            )
          ).connections
    context.printJson(done)
    for (const one of done) context.print(`${one.provider} ${one.label}: ${meaning(one.atProvider)}`)
  },
}

const meanings: Readonly<Record<string, string>> = {
  revoked: 'revoked here and at the provider',
  not_possible: 'gone here; the provider has no way to revoke, so its token lives to its own end',
  failed: 'gone here; the provider has not confirmed yet and is asked again for a few minutes',
  superseded: 'gone here; the account was connected again meanwhile',
}
const meaning = (name: string): string => meanings[name] ?? name
