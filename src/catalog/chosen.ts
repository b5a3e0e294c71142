import { matches } from './naming.ts'
import type { Offer, OfferFault, SourceTool } from './offer.ts'
import type { Selection } from './selection.ts'

export function select({ include, exclude }: Selection, tools: readonly SourceTool[]): SourceTool[] {
  const among = (patterns: readonly string[], name: string): boolean =>
    patterns.some((pattern) => matches(pattern, name))
  return tools.filter(({ localName }) => among(include, localName) && !among(exclude, localName))
}

/** A name that matches nothing is a typing mistake, and in `exclude` or `behaviour` a dangerous one. */
export function unmatchedTools(selection: Selection, tools: readonly SourceTool[], i: number): OfferFault[] {
  const fields = {
    include: selection.include,
    exclude: selection.exclude,
    alias: Object.keys(selection.alias),
    behaviour: Object.keys(selection.behaviour),
  }
  return Object.entries(fields).flatMap(([field, patterns]) =>
    patterns
      .filter((pattern) => pattern !== '*' && !tools.some(({ localName }) => matches(pattern, localName)))
      .map((pattern) => ({
        path: `tools[${i}].${field}`,
        message: `${quote(pattern)} matches no tool${nearest(
          pattern,
          tools.map(({ localName }) => localName),
        )}`,
      })),
  )
}

/** Also here it is what is left out that would be let through. */
export function unmatchedThings(
  selection: Selection,
  offered: Pick<Offer, 'prompts' | 'resources' | 'templates'>,
  path: string,
): OfferFault[] {
  const names = {
    prompts: offered.prompts.map(({ remoteName }) => remoteName),
    resources: [...offered.resources.map(({ uri }) => uri), ...offered.templates.map(({ uriTemplate }) => uriTemplate)],
  }
  return (['prompts', 'resources'] as const).flatMap((what) =>
    left(selection[what])
      .filter((pattern) => !names[what].some((name) => matches(pattern, name)))
      .map((pattern) => ({
        path: `${path}.${what}`,
        message: `${quote(`!${pattern}`)} matches nothing${nearest(pattern, names[what])}`,
      })),
  )
}

function nearest(pattern: string, names: readonly string[]): string {
  const wanted = pattern.toLowerCase().replaceAll('*', '')
  const near = names.filter((name) => name.toLowerCase().includes(wanted) || wanted.includes(name.toLowerCase()))
  const some = (near.length > 0 ? near : names).slice(0, 5)
  return some.length > 0 ? `; there is ${some.join(', ')}` : ''
}

/** The setting that leaves one thing out. */
export const without = (own: string, setting: 'prompts' | 'resources'): string => `${quote(`!${own}`)} in ${setting}`

/** Prompts and resources come with all of an upstream's tools, and otherwise when they are asked for. With `!` one is left out. */
export function chosen(selection: Selection, what: 'prompts' | 'resources', name: string): boolean {
  const patterns = selection[what]
  const wanted = patterns?.filter((pattern) => !pattern.startsWith('!')) ?? []
  const byTools = patterns === null || (wanted.length === 0 && patterns.length > 0)
  const among = byTools ? selection.include.includes('*') : wanted.some((pattern) => matches(pattern, name))
  return among && !left(patterns).some((pattern) => matches(pattern, name))
}

const left = (patterns: readonly string[] | null): string[] =>
  (patterns ?? []).filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1))

const quote = (text: string): string => JSON.stringify(text)
