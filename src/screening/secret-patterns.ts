/**
 * What a secret looks like in free text. Every expression is linear: no repeated group holds a repetition. Each begins
 * with letters, not with a look-behind: the engine then skips text that holds none, four times faster.
 * Order matters: the first that matches names the kind.
 */
export const secretPatterns: readonly { kind: string; pattern: string }[] = [
  {
    kind: 'pem',
    pattern: '-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\\s\\\\]*(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?',
  },
  { kind: 'jwt', pattern: '\\beyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{4,}\\.[A-Za-z0-9_.-]*' },
  { kind: 'github', pattern: '\\b(?:gh[opusr]_[A-Za-z0-9_]{16,}|github_pat_[A-Za-z0-9_]{16,})' },
  { kind: 'slack', pattern: '\\bxox[abceprs]-[A-Za-z0-9-]{8,}|\\bxapp-[A-Za-z0-9-]{8,}' },
  {
    kind: 'google',
    pattern:
      '\\bya29\\.[A-Za-z0-9_-]{16,}|\\bAIza[A-Za-z0-9_-]{30,}|\\bGOCSPX-[A-Za-z0-9_-]{16,}|\\b1//0[A-Za-z0-9_-]{20,}',
  },
  { kind: 'aws', pattern: '\\b(?:AKIA|ASIA)[A-Z0-9]{16}\\b' },
  {
    kind: 'key',
    pattern: '\\bsk-[A-Za-z0-9_-]{16,}|\\b[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|\\bwhsec_[A-Za-z0-9+/=]{16,}',
  },
  { kind: 'linear', pattern: '\\blin_(?:api|oauth)_[A-Za-z0-9]{16,}' },
  { kind: 'atlassian', pattern: '\\bATATT3[A-Za-z0-9_=-]{16,}|\\bATCTT3[A-Za-z0-9_=-]{16,}' },
  { kind: 'gitlab', pattern: '\\bglpat-[A-Za-z0-9_-]{16,}' },
  { kind: 'notion', pattern: '\\bntn_[A-Za-z0-9]{20,}|\\bsecret_[A-Za-z0-9]{40,}' },
  { kind: 'hubspot', pattern: '\\bpat-(?:na|eu|ap)\\d-[0-9a-f-]{36}' },
  { kind: 'npm', pattern: '\\bnpm_[A-Za-z0-9]{30,}' },
  { kind: 'bearer', pattern: '\\b[Bb]earer\\s+[A-Za-z0-9._~+/=-]{12,}|\\b[Bb]asic\\s+[A-Za-z0-9+/=]{12,}' },
]

/** A value behind the name of a secret: `password=…`, `"token": "…"`, `https://user:…@host`. Groups: what stays, what goes. */
export const assignedPattern =
  '((?:password|passwd|passphrase|secret|token|api[_-]?key|authorization|cookie)\\\\?["\']?\\s{0,3}[:=]\\s{0,3}\\\\?["\']?)' +
  '((?!\\[redacted:)[^\\s"\'\\\\,;&<>]{4,})|(://[^\\s/:@]{1,100}:)((?!\\[redacted:)[^\\s/@]{1,200})(?=@)'

/** Personal data, hidden in mode `redacted` and kept in mode `full`. Never a part of a longer word: ids are full of digits. */
export const cardPattern = '(?<![\\w-])(?<!\\d\\.)\\d(?:[ -]?\\d){12,18}(?![\\w-]|\\.\\d)'

/** ISO/IEC 7812-1: tells a card number from any other long number. */
export function passesLuhn(text: string): boolean {
  const digits = text.replace(/\D/g, '')
  if (digits.length < 13 || digits.length > 19) return false
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i])
    const doubled = i % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

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
