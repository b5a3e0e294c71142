import type { Args, Command, Context } from './command.ts'
import { Fault, exitCodes, text } from './command.ts'
import { pkcs8 } from './pkcs8.ts'

export const add: Command = {
  usage: '<name>',
  help: `Adds a service account: for an agent that acts as itself (make it a key with keys create --app <name>), or for tools of a
gateway that share one credential (providers.<id>.serviceAccount in its document).`,
  async run({ positionals: [name = ''] }, context) {
    const added = await context.api.send<{ id: string }>('PUT', `/service-accounts/${encodeURIComponent(name)}`)
    context.printJson(added)
    context.print(`${name} is there: ${added.id}`)
  },
}

export const setCredential: Command = {
  usage:
    '<name> <provider> (--api-key | --client-credentials | --jwt-bearer) [--scopes <a,b>] [--client-id <id>] [--issuer <who>] [--subject <who>] [--repositories <a,b>] [--key-id <id>]',
  help: `Sets the credential that a service account has at a provider. The secret is read from standard input, tried at the
provider, sealed in the account's vault, and never shown again. The one before it is taken back.

--api-key             the key
--client-credentials  the client secret, with --client-id; or nothing of both: the provider's own client
--jwt-bearer          a private key in PEM with --issuer; or a service account's JSON file from Google as it is
--issuer              with --jwt-bearer: who signs. Salesforce: the consumer key. A GitHub App: its client id
--subject             with --jwt-bearer: whom it stands for. Salesforce: the user. A GitHub App: the installation's id
--repositories        a GitHub App's: the only repositories its tokens are for, by name
--scopes              what tools may use it for. A GitHub App's permissions: contents:read,issues:write

Examples: npm run behalf -- service-accounts credential reports google --jwt-bearer --scopes \
  https://www.googleapis.com/auth/drive.readonly < key.json
npm run behalf -- service-accounts credential bot github --jwt-bearer --issuer Iv23liAbc --subject 12345678 \
  --repositories web-shop --scopes contents:read,issues:write < app.private-key.pem`,
  options: {
    'api-key': { type: 'boolean' },
    'client-credentials': { type: 'boolean' },
    'jwt-bearer': { type: 'boolean' },
    scopes: { type: 'string' },
    'client-id': { type: 'string' },
    issuer: { type: 'string' },
    subject: { type: 'string' },
    repositories: { type: 'string' },
    'key-id': { type: 'string' },
  },
  async run(args, context) {
    const [name = '', provider = ''] = args.positionals
    const credential = await credentialOf(args, context)
    const scopes = listOf(args.values['scopes'])
    const path = `/service-accounts/${encodeURIComponent(name)}/credentials`
    const body = { provider, scopes, credential }
    const set = await context.api.send<{ id: string; label: string }>('POST', path, body)
    context.printJson(set)
    context.print(`${name} acts at ${provider} as ${set.label}. To take it back: behalf revoke --connection ${set.id}`)
  },
}

const listOf = (value: Args['values'][string]): string[] =>
  (text(value) ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean)

async function credentialOf({ values }: Args, context: Context): Promise<Record<string, string | string[]>> {
  const kinds = ['api-key', 'client-credentials', 'jwt-bearer'].filter((kind) => values[kind] === true)
  if (kinds.length !== 1) {
    throw new Fault('Say one of --api-key, --client-credentials and --jwt-bearer.', exitCodes.usage)
  }
  const [clientId, issuer] = [text(values['client-id']), text(values['issuer'])]
  const [subject, keyId] = [text(values['subject']), text(values['key-id'])]
  if (values['api-key'] === true) return { kind: 'api_key', key: await context.readSecret('The key') }
  if (values['client-credentials'] === true) {
    if (clientId === undefined) return { kind: 'client_credentials' }
    return { kind: 'client_credentials', clientId, clientSecret: await context.readSecret('The client secret') }
  }
  const file = await context.readSecret('The private key')
  const google = googleKey(file)
  const repositories = listOf(values['repositories'])
  const more = {
    ...(subject === undefined ? {} : { subject }),
    ...(keyId === undefined ? {} : { keyId }),
    ...(repositories.length === 0 ? {} : { repositories }),
  }
  if (google) return { kind: 'jwt_bearer', ...google, ...more }
  if (issuer === undefined) throw new Fault('--jwt-bearer needs --issuer with a key in PEM.', exitCodes.usage)
  return { kind: 'jwt_bearer', issuer, privateKey: pkcs8(file), ...more }
}

/** Only these of the file are used: where the token comes from is the provider's spec's to say. */
function googleKey(file: string): { issuer: string; keyId: string; privateKey: string } | null {
  if (!file.trimStart().startsWith('{')) return null
  try {
    const key = JSON.parse(file) as Record<string, unknown>
    const [issuer, keyId, privateKey] = [key['client_email'], key['private_key_id'], key['private_key']]
    if (typeof issuer === 'string' && typeof keyId === 'string' && typeof privateKey === 'string') {
      return { issuer, keyId, privateKey }
    }
  } catch {
    // Said below.
  }
  throw new Fault('This JSON is not the key file of a service account.', exitCodes.usage)
}
