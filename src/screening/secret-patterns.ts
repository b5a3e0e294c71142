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
  {
    kind: 'github',
    pattern:
      '\\b(?:gh[opusr]_(?:[A-Za-z0-9]{1,40}_eyJ[A-Za-z0-9_.-]{16,}|[A-Za-z0-9_]{16,})|github_pat_[A-Za-z0-9_]{16,})',
  },
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

const assignedName =
  '(?:password|passwd|passphrase|secret|token|api[_-]?key|authorization|cookie)\\\\{0,16}["\']?\\s{0,3}[:=]\\s{0,3}'

/** A value behind the name of a secret: `password=…`, `"token": "…"`, `https://user:…@host`. Groups: what stays, what goes. */
export const assignedPattern =
  `(${assignedName}\\\\{0,16}["']?)` +
  '((?!\\[redacted:)[^\\s"\'\\\\,;&<>]{4,})|(://[^\\s/:@]{1,100}:)((?!\\[redacted:)[^\\s/@]{1,200})(?=@)'

/**
 * The same in quotes, where a value may hold spaces: up to the quote that ends it, or the end of the line. Quotes inside JSON
 * inside JSON are escaped. Groups: name, quote, what goes; and once more for the escaped form.
 */
export const quotedPattern =
  `(${assignedName})(["'])((?!\\[redacted:)(?:(?!\\2)[^\\\\\\n]|\\\\.){1,1000})` +
  `|(${assignedName})(\\\\{1,16}["'])((?!\\[redacted:)[^"'\\\\\\n]{1,1000})`

/** The name of a member of JSON in the middle of a text, up to its value. Groups: quote, name. */
export const memberNamePattern = `(\\\\{0,16}["'])([\\w.-]{1,64})\\1\\s{0,3}:\\s{0,3}`
/** Its value: as text, as text inside JSON, as a number. Groups, twice: what stays and what goes; and a number. */
export const memberValuePattern = `(["'])((?:(?!\\1)[^\\\\\\n]|\\\\.){1,16384})|(\\\\{1,16}["'])([^"'\\\\\\n]{1,16384})|(\\d[\\d.]{2,})`

/** Personal data, hidden in mode `redacted` and kept in mode `full`. Never a part of a longer word: ids are full of digits. */
export const cardPattern = '(?<![\\w-])(?<!\\d\\.)\\d(?:[ -]?\\d){12,18}(?![\\w-]|\\.\\d)'
