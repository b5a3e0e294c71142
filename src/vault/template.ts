import { decodeJwt } from 'jose'

/**
 * The little language of provider specs. `{name}` is percent-encoded in a URL, `{+name}` is not (RFC 6570 §3.2.2, §3.2.3).
 * A name is a path into the values (`account.id`, `data[0].login`), with `|` between alternatives, the first found winning,
 * `{{` and `}}` for braces, and `jwt(path).claim` for a claim of a token that just came from the provider over TLS.
 */
export type Values = Readonly<Record<string, unknown>>

/** Null when a value is missing: a URL with a hole in it is never called. */
export function fill(
  template: string,
  values: Values,
  encode: (text: string) => string = (text) => text,
): string | null {
  let missing = false
  const text = template.replace(/\{\{|\}\}|\{(\+?)([^{}]+)\}/g, (whole, raw: string, path: string | undefined) => {
    if (path === undefined) return whole.slice(1)
    const value = readText(values, path)
    if (value === null) missing = true
    return value === null ? '' : raw ? value : encode(value)
  })
  return missing ? null : text
}

export function fillAll(templates: Readonly<Record<string, string>>, values: Values): Record<string, string> {
  const filled: Record<string, string> = {}
  for (const [name, template] of Object.entries(templates)) {
    const text = fill(template, values)
    if (text !== null) filled[name] = text
  }
  return filled
}

export function readPath(values: unknown, path: string): unknown {
  for (const one of path.split('|')) {
    const value = readOne(values, one.trim())
    if (value !== undefined && value !== null && value !== '') return value
  }
  return undefined
}

export function readText(values: unknown, path: string): string | null {
  const value = readPath(values, path)
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : null
}

function readOne(values: unknown, path: string): unknown {
  const jwt = /^jwt\(([^()]+)\)\.(.+)$/.exec(path)
  if (jwt) return readOne(claims(readOne(values, jwt[1] ?? '')), jwt[2] ?? '')
  return path
    .replaceAll(/\[(\d+)\]/g, '.$1')
    .split('.')
    .reduce<unknown>(
      (at, name) =>
        typeof at === 'object' && at !== null && Object.hasOwn(at, name) ? Reflect.get(at, name) : undefined,
      values,
    )
}

function claims(token: unknown): unknown {
  try {
    return typeof token === 'string' ? decodeJwt(token) : undefined
  } catch {
    return undefined
  }
}
