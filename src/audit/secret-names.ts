const exact = new Set([
  'authorization',
  'proxyauthorization',
  'cookie',
  'setcookie',
  'token',
  'auth',
  'password',
  'passwd',
  'pwd',
  'pass',
  'passphrase',
  'passcode',
  'secret',
  'credential',
  'credentials',
  'privatekey',
  'apikey',
  'accesskey',
  'secretkey',
  'sessionkey',
  'signingkey',
  'encryptionkey',
  'otp',
  'totp',
  'mfacode',
  'pin',
  'cvv',
  'cvc',
  'ssn',
  'bearer',
  'jwt',
  'xapikey',
  'clientassertion',
  'codeverifier',
  'samlresponse',
  'seed',
  'mnemonic',
])
const parts = ['password', 'passwd', 'secret', 'apikey', 'privatekey', 'accesskey', 'credential']
const harmlessTokens = new Set([
  'pagetoken',
  'nextpagetoken',
  'prevpagetoken',
  'nexttoken',
  'synctoken',
  'nextsynctoken',
  'continuationtoken',
  'progresstoken',
  'canceltoken',
])

const known = new Map<string, boolean>()

/** True for a member whose value is a secret whatever it looks like: `Authorization`, `client_secret`, `x-api-key`. */
export function isSecretName(name: string): boolean {
  if (name.length > 64) return false
  let secret = known.get(name)
  if (secret === undefined) {
    secret = soundsSecret(name.toLowerCase().replace(/[^a-z0-9]/g, ''))
    // Names repeat; made-up ones must not fill the memory.
    if (known.size < 2_000) known.set(name, secret)
  }
  return secret
}

const soundsSecret = (plain: string): boolean =>
  exact.has(plain) ||
  parts.some((part) => plain.includes(part)) ||
  (plain.endsWith('token') && !harmlessTokens.has(plain))
