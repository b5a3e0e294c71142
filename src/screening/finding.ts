import { showHidden } from './hidden-characters.ts'

/**
 * Something in a text that a person would not see, or that is meant for the model and not for its task. `danger` keeps a
 * definition out until an administrator admits it; `notice` is only shown.
 */
export type Finding = {
  kind: 'invisible' | 'bidi' | 'control' | 'look_alike' | 'instruction' | 'blob' | 'markup' | 'page'
  severity: 'notice' | 'danger'
  /** Where, as a path in the definition or result. */
  path: string
  /** Which pattern, and a piece of the text with everything invisible made visible. */
  what: string
  excerpt: string
}

export function finding(
  kind: Finding['kind'],
  severity: Finding['severity'],
  path: string,
  what: string,
  text: string,
  at: number,
): Finding {
  const excerpt = showHidden(text.slice(Math.max(0, at - 40), at + 80))
  return { kind, severity, path: showHidden(path).slice(0, 300), what: showHidden(what).slice(0, 100), excerpt }
}
