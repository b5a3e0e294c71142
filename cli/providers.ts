import type { Args, Command, Context } from './command.ts'
import { Fault, exitCodes, text } from './command.ts'
import { listCommand } from './list.ts'
import { readData } from './yaml-file.ts'

type Provider = { id: string; name: string; clientId: string; hasSecret: boolean; redirectUri: string | null }
type IdentityProvider = { id: string; issuer: string; clientId: string; hasSecret: boolean; active: boolean }

const secretHelp = `--secret     reads the client secret from standard input, so that it stands in no shell history.
--no-secret  a client without a secret.
             With neither, the secret stays as it is.`

const common = {
  'client-id': { type: 'string' },
  secret: { type: 'boolean' },
  'no-secret': { type: 'boolean' },
  settings: { type: 'string' },
} as const

export const list = listCommand<Provider>({
  path: '/providers',
  help: "The company's OAuth applications, and the redirect URI to register at each provider.",
  row: (one) => [
    one.id,
    one.name,
    one.clientId,
    one.hasSecret ? 'secret set' : 'no secret',
    one.redirectUri ?? 'NOT VALID',
  ],
  empty: 'There are no providers. Set one: npm run behalf -- provider set github --client-id <id> --secret',
})

export const set: Command = {
  usage: '<id> --client-id <id> [--secret] [--spec <name or file>] [--settings <file>]',
  help: `Tells Behalf of the OAuth application your company has at a provider.

--spec       the name of a provider that Behalf knows, or a YAML file that describes another. Default: the id.
--settings   a YAML file: variables, authorizeParams, emailDomains and more.
${secretHelp}

Example: npm run behalf -- provider set github --client-id Iv1.abc --secret < secret.txt`,
  options: { ...common, spec: { type: 'string' } },
  async run(args, context) {
    const [id = ''] = args.positionals
    const spec = text(args.values['spec'])
    const body = {
      ...(await application(args, context)),
      ...(spec === undefined ? {} : { spec: /[./]/.test(spec) ? readData(spec) : spec }),
    }
    const saved = await context.api.send<Provider>('PUT', `/providers/${encodeURIComponent(id)}`, body)
    context.printJson(saved)
    context.print(`${saved.id} is set. Register this redirect URI there: ${saved.redirectUri}`)
  },
}

export const listIdentity = listCommand<IdentityProvider>({
  path: '/identity-providers',
  help: 'Where people sign in.',
  row: (one) => [
    one.id,
    one.issuer,
    one.clientId,
    one.hasSecret ? 'secret set' : 'no secret',
    one.active ? 'on' : 'OFF',
  ],
  empty: 'There is none. Set one: npm run behalf -- idp set okta --issuer <url> --client-id <id> --secret',
})

export const setIdentity: Command = {
  usage: '<id> --issuer <url> --client-id <id> [--secret] [--settings <file>] [--off]',
  help: `Tells Behalf where your people sign in (OpenID Connect). Register {BEHALF_URL}/sign-in/callback there.

--issuer     exactly as the provider writes it.
--settings   a YAML file: kind (oidc or entra), scopes, groupClaims, attributes and more.
--off        keeps it, but nobody signs in with it.
${secretHelp}

Example: npm run behalf -- idp set okta --issuer https://acme.okta.com --client-id 0oa1 --secret < secret.txt`,
  options: { ...common, issuer: { type: 'string' }, off: { type: 'boolean' } },
  async run(args, context) {
    const [id = ''] = args.positionals
    const issuer = required(args, 'issuer')
    const body = { ...(await application(args, context)), issuer, active: args.values['off'] !== true }
    const saved = await context.api.send<IdentityProvider>('PUT', `/identity-providers/${encodeURIComponent(id)}`, body)
    context.printJson(saved)
    context.print(`${saved.id} is ${saved.active ? 'set' : 'off'}.`)
  },
}

async function application(args: Args, context: Context): Promise<Record<string, unknown>> {
  const { values } = args
  const clientId = required(args, 'client-id')
  const settings = text(values['settings'])
  if (values['secret'] === true && values['no-secret'] === true) {
    throw new Fault('--secret and --no-secret exclude each other.', exitCodes.usage)
  }
  const secret = values['secret'] === true ? { clientSecret: await context.readSecret('The client secret') } : {}
  return {
    clientId,
    ...(values['no-secret'] === true ? { clientSecret: null } : secret),
    ...(settings === undefined ? {} : { settings: readData(settings) }),
  }
}

function required({ values }: Args, name: string): string {
  const value = text(values[name])
  if (value === undefined) throw new Fault(`--${name} is missing.`, exitCodes.usage)
  return value
}
