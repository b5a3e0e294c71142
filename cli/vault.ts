import type { Command, Context } from './command.ts'
import { Fault, exitCodes, text } from './command.ts'

type Rotated = {
  active: string
  others: string[]
  vaults: Record<string, number>
  secrets: { rewrapped: number; failed: number; left: number }
  recordKeys: { rewrapped: number; left: boolean }
  next: string | null
}

export const rotate: Command = {
  usage: '',
  help: `Puts every key under the key-encryption key that BEHALF_KEK_ACTIVE names, while calls go on.

  1. Add the new key:            wrangler secret put BEHALF_KEK_2   (32 random bytes in base64)
  2. Make it the one that seals: wrangler secret put BEHALF_KEK_ACTIVE   (2)
  3. npm run behalf -- vault rotate
  4. When it says that nothing is left: wrangler secret delete BEHALF_KEK_1

Only small wrapped keys are written anew, never a token. Run it as often as you like.`,
  async run(_, context) {
    const total = await rotateAll(context)
    context.printJson(total)
    context.print(`Active key: ${total.active}.`)
    context.print(`Vaults: ${said(total.vaults)}.`)
    context.print(`Secrets: ${total.secrets.rewrapped} rewrapped, ${total.secrets.failed} failed.`)
    context.print(`Keys of the record: ${total.recordKeys.rewrapped} rewrapped.`)
    const left = total.secrets.left > 0 || (total.vaults['failed'] ?? 0) > 0
    if (left) {
      context.print('Something is still under another key. Keep every key, see what failed, and run this again.')
      return exitCodes.failed
    }
    const names = total.others.map((kid) => `BEHALF_KEK_${kid}`).join(', ')
    context.print(
      names === ''
        ? 'Nothing of this project is under another key.'
        : `Nothing of this project is under another key. With every project done, these can go: ${names}.`,
    )
    return exitCodes.done
  },
}

async function rotateAll({ api, note }: Context): Promise<Rotated> {
  const total: Rotated = {
    active: '',
    others: [],
    vaults: {},
    secrets: { rewrapped: 0, failed: 0, left: 0 },
    recordKeys: { rewrapped: 0, left: false },
    next: '',
  }
  // Secrets and keys of the record come in parts too, so it goes on until a call finds nothing more to do.
  for (let isMore = true; isMore;) {
    const part = await api.send<Rotated>('POST', '/vault/rotate', { after: total.next ?? '\uffff' })
    for (const [name, n] of Object.entries(part.vaults)) total.vaults[name] = (total.vaults[name] ?? 0) + n
    total.secrets.rewrapped += part.secrets.rewrapped
    total.recordKeys.rewrapped += part.recordKeys.rewrapped
    Object.assign(total, { active: part.active, others: part.others, next: part.next })
    total.secrets = { ...part.secrets, rewrapped: total.secrets.rewrapped }
    isMore = part.next !== null || part.recordKeys.left || part.secrets.rewrapped > 0
    if (isMore) note(`${said(total.vaults)} …`)
  }
  return total
}

const said = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([name, n]) => `${n} ${name}`)
    .join(', ') || 'none'

type RestoredPart = {
  vaults: number
  notLost: number
  connections: number
  needSignIn: number
  withRefreshToken: number
}

export const restore: Command = {
  usage: '[--user <id>] [--recovery-key]',
  help: `Rebuilds vaults that have lost their storage: from the connection index in D1 and the copies in KV. Vaults that are
there are left alone. Without a recovery key, access tokens come back and work to their own end; then people sign in again.

--recovery-key  reads the private half of the recovery key from standard input, and brings refresh tokens back too.`,
  options: { user: { type: 'string' }, 'recovery-key': { type: 'boolean' } },
  async run({ values }, context) {
    const user = text(values['user'])
    const recoveryKey = values['recovery-key'] === true ? await context.readSecret('Private recovery key: ') : null
    const total: RestoredPart = { vaults: 0, notLost: 0, connections: 0, needSignIn: 0, withRefreshToken: 0 }
    for (let after: string | null = ''; after !== null;) {
      const body = { after, recoveryKey, ...(user === undefined ? {} : { user }) }
      const part: RestoredPart & { next: string | null } = await context.api.send('POST', '/vault/restore', body)
      for (const name of Object.keys(total) as (keyof RestoredPart)[]) total[name] += part[name]
      after = part.next
    }
    context.printJson(total)
    context.print(`${total.vaults} vaults rebuilt, ${total.notLost} were there.`)
    context.print(
      `${total.connections} connections work again, ${total.withRefreshToken} of them with a refresh token; ` +
        `${total.needSignIn} need a new sign-in.`,
    )
  },
}

export const recoveryKey: Command = {
  usage: '',
  help: `Makes a recovery key, here and not in the deployment. Set the public half as BEHALF_RECOVERY_KEY: from then on each
refresh token is also copied to KV, sealed to it. Keep the private half offline: vault restore asks for it.`,
  async run(_, context) {
    const curve = { name: 'ECDH', namedCurve: 'P-256' } as const
    const pair = (await crypto.subtle.generateKey(curve, true, ['deriveBits'])) as CryptoKeyPair
    const [publicKey, privateKey] = await Promise.all([
      crypto.subtle.exportKey('raw', pair.publicKey),
      crypto.subtle.exportKey('pkcs8', pair.privateKey),
    ]).then((keys) => keys.map((key) => Buffer.from(key as ArrayBuffer).toString('base64')))
    context.printJson({ publicKey, privateKey })
    context.print(`BEHALF_RECOVERY_KEY="${publicKey}"`)
    context.print(`Private half, for an offline place: ${privateKey}`)
  },
}

export const erase: Command = {
  usage: '<user id> --reason <text>',
  help: `Erases a person for good: ends everything, revokes at the providers, destroys the keys of their vault and of what
the record says about them, and forgets name and address. The record stays provable. There is no way back.`,
  options: { reason: { type: 'string' } },
  async run({ positionals: [id = ''], values }, context) {
    const reason = text(values['reason'])
    if (reason === undefined) throw new Fault('Say why with --reason: it stands in the record.', exitCodes.usage)
    if (!(await context.confirm(`Erase ${id} for good?`))) throw new Fault('Not erased.')
    const path = `/users/${encodeURIComponent(id)}/erase`
    type Certificate = {
      connections: number
      revocations: Record<string, number>
      vaultKey: string | null
      erasedAt: number
    }
    const certificate = await context.api.send<Certificate>('POST', path, { reason })
    context.printJson(certificate)
    context.print(
      `Erased at ${new Date(certificate.erasedAt).toISOString()}. Vault key destroyed: ${certificate.vaultKey ?? 'none'}.`,
    )
    context.print(`${certificate.connections} connections; at the providers: ${said(certificate.revocations)}.`)
  },
}
