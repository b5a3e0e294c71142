import type { Args, Command, Context } from './command.ts'
import { Fault, exitCodes, text } from './command.ts'

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
    '<name> <provider> (--api-key | --client-credentials | --jwt-bearer) [--scopes <a,b>] [--client-id <id>] [--issuer <who>] [--subject <who>] [--key-id <id>]',
  help: `Sets the credential that a service account has at a provider. The secret is read from standard input, tried at the
provider, sealed in the account's vault, and never shown again. The one before it is taken back.

--api-key             the key
--client-credentials  the client secret, with --client-id; or nothing of both: the provider's own client
--jwt-bearer          a private key in PEM (PKCS #8) with --issuer; or a service account's JSON file from Google as it is
--subject             with --jwt-bearer: the user it stands for. Salesforce always needs one
--scopes              what tools may use it for

Example: npm run behalf -- service-accounts credential reports google --jwt-bearer --scopes \
  https://www.googleapis.com/auth/drive.readonly < key.json`,
  options: {
    'api-key': { type: 'boolean' },
    'client-credentials': { type: 'boolean' },
    'jwt-bearer': { type: 'boolean' },
    scopes: { type: 'string' },
    'client-id': { type: 'string' },
    issuer: { type: 'string' },
    subject: { type: 'string' },
    'key-id': { type: 'string' },
  },
  async run(args, context) {
    const [name = '', provider = ''] = args.positionals
    const credential = await credentialOf(args, context)
    const scopes = (text(args.values['scopes']) ?? '').split(',').map((scope) => scope.trim())
    const path = `/service-accounts/${encodeURIComponent(name)}/credentials`
    const body = { provider, scopes: scopes.filter(Boolean), credential }
    const set = await context.api.send<{ id: string; label: string }>('POST', path, body)
    context.printJson(set)
    context.print(`${name} acts at ${provider} as ${set.label}. To take it back: behalf revoke --connection ${set.id}`)
  },
}

async function credentialOf({ values }: Args, context: Context): Promise<Record<string, string>> {
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
  const more = { ...(subject === undefined ? {} : { subject }), ...(keyId === undefined ? {} : { keyId }) }
  if (google) return { kind: 'jwt_bearer', ...google, ...more }
  if (issuer === undefined) throw new Fault('--jwt-bearer needs --issuer with a key in PEM.', exitCodes.usage)
  return { kind: 'jwt_bearer', issuer, privateKey: file, ...more }
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
