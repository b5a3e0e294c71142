import {
  assignedPattern,
  cardPattern,
  memberNamePattern,
  memberValuePattern,
  passesLuhn,
  quotedPattern,
  secretPatterns,
} from '../screening/screening.ts'

const secrets = new RegExp(secretPatterns.map(({ kind, pattern }) => `(?<${kind}>${pattern})`).join('|'), 'g')
/** What all of the next have, and most texts have not. */
const memberLike = /["']\s{0,3}:/
const assignedLike = /pass(?:word|wd|phrase)|secret|token|api[_-]?key|authorization|cookie|:\/\//i
const memberNames = new RegExp(memberNamePattern, 'g')
const memberValue = new RegExp(memberValuePattern, 'y')
const quoted = new RegExp(quotedPattern, 'gi')
const assigned = new RegExp(assignedPattern, 'gi')
const cards = new RegExp(cardPattern, 'g')

/** What stands in the place of a hidden text. */
export type Hide = (kind: string, text: string) => string

/** Credentials of known services, by what they look like. */
export const withoutCredentials = (text: string, hide: Hide): string =>
  text.replace(secrets, (match: string, ...rest: unknown[]) => {
    const groups = rest.at(-1) as Record<string, string | undefined>
    return hide(secretPatterns.find((one) => groups[one.kind] !== undefined)?.kind ?? 'secret', match)
  })

/** Members of JSON in the middle of a text, by their names. */
export function withoutMembers(text: string, isSecret: (name: string) => boolean, hide: Hide): string {
  if (!memberLike.test(text)) return text
  let kept = ''
  let done = 0
  for (const { 0: match, 2: name = '', index } of text.matchAll(memberNames)) {
    if (index < done || !isSecret(name)) continue
    memberValue.lastIndex = index + match.length
    const [, quote, plain, escapedQuote, escaped, number] = memberValue.exec(text) ?? []
    const value = plain ?? escaped ?? number
    if (value === undefined || value.startsWith('[redacted:')) continue
    const from = index + match.length + (quote ?? escapedQuote ?? '').length
    kept += text.slice(done, from) + hide('name', value)
    done = from + value.length
  }
  return kept + text.slice(done)
}

/** Values behind the name of a secret: `password=…`, `"token": "…"`, `https://user:…@host`. */
export function withoutAssigned(text: string, hide: Hide): string {
  if (!assignedLike.test(text)) return text
  return text
    .replace(quoted, (_, ...groups: (string | undefined)[]) => {
      const [name = '', quote = '', value = ''] = groups[0] === undefined ? groups.slice(3) : groups
      return `${name}${quote}${hide('assigned', value)}`
    })
    .replace(assigned, (_, name?: string, value?: string, user?: string, password?: string) =>
      name === undefined
        ? `${user ?? ''}${hide('url_password', password ?? '')}`
        : `${name}${hide('assigned', value ?? '')}`,
    )
}

export const withoutCards = (text: string, hide: Hide): string =>
  text.replace(cards, (match) => (passesLuhn(match) ? hide('card', match) : match))
