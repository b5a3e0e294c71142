/**
 * The words of a name, a text or a query: split where letters change case and at everything that is neither letter nor
 * digit, in lower case, without endings. Two neighbours come as one word too, so that `PullRequest`, "pull request" and
 * "pullrequest" are the same, and `GitHub` is not only a hub.
 */
export function wordsOf(text: string): string[] {
  const words = plainWords(text)
  return [...words.map(stem), ...joined(words)]
}

/** Without the joined neighbours, so that a length is a length. */
export function plainWords(text: string): string[] {
  const words = /^[\0-\x7f]*$/.test(text) ? asciiWords(text) : otherWords(text)
  return words.filter((word) => word !== '' && word.length <= 40)
}

/** Most texts; the same as below at a third of the cost. */
const asciiWords = (text: string): string[] =>
  text
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)

const otherWords = (text: string): string[] =>
  text
    .normalize('NFKC')
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)

export function joined(words: readonly string[]): string[] {
  return words.slice(1).map((word, i) => stem(`${words[i] ?? ''}${word}`))
}

/** English endings that do not change what is meant. Light on purpose: a wrong stem hides a tool, a missing one costs a place. */
export function stem(word: string): string {
  const one = withoutPlural(word)
  const verb = withoutTense(one)
  return verb.length > 3 && verb.endsWith('e') ? verb.slice(0, -1) : verb
}

function withoutPlural(word: string): string {
  if (!word.endsWith('s') || word.length < 4) return word
  if (word.endsWith('ies')) return word.length > 4 ? `${word.slice(0, -3)}y` : word
  if (/(?:ss|sh|ch|x|z)es$/.test(word)) return word.slice(0, -2)
  return /[siu]s$/.test(word) ? word : word.slice(0, -1)
}

function withoutTense(word: string): string {
  const ending = word.endsWith('ing') ? 3 : word.endsWith('ed') ? 2 : 0
  const stemmed = word.slice(0, -ending)
  // `thing` and `feed` end like that by themselves.
  if (ending === 0 || stemmed.length < 3 || !/[aeiouy]/.test(stemmed) || stemmed.endsWith('e')) return word
  return /([bdgmnprt])\1$/.test(stemmed) ? stemmed.slice(0, -1) : stemmed
}

/** Words that a person puts into a question and that say nothing about a tool. */
const fillers = new Set(
  'a an and any are as at be by can do does for from how i in is it me my of on or our please so some tell that the their them there these this to tool tools us use want was we what when where which who will with would you your need'.split(
    ' ',
  ),
)

/** What a query asks for. One that has nothing but fillers is taken at its word. */
export function askedWords(query: string): string[] {
  const words = plainWords(query).slice(0, maxAsked)
  const telling = words.filter((word) => !fillers.has(word))
  return telling.length > 0 ? telling : words
}

const maxAsked = 24
