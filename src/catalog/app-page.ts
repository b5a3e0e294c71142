import { z } from 'zod'
import type { JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import type { Finding } from '../screening/screening.ts'
import { finding } from '../screening/screening.ts'

const directives = ['connectDomains', 'resourceDomains', 'frameDomains', 'baseUriDomains'] as const
const permissions = ['camera', 'microphone', 'geolocation', 'clipboardWrite'] as const
const most = 50

/** An origin as a content security policy takes it. Anything else in it could end the directive and begin another. */
const origin = z
  .string()
  .max(100)
  .transform((text) => text.toLowerCase().replace(/\/$/, ''))
  .pipe(
    z.string().regex(/^(https|wss):\/\/(\*\.[a-z0-9-]+\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?$/, {
      message: 'use an origin: https://api.example.com',
    }),
  )
const domain = z.string().regex(/^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/)

const origins = z.array(origin).max(most).optional()
const asked = z.strictObject({}).optional()

/** What a page of an app may reach and use, as SEP-1865 writes it (`UIResourceMeta`). */
export const pageSchema = z.strictObject({
  csp: z
    .strictObject({
      connectDomains: origins,
      resourceDomains: origins,
      frameDomains: origins,
      baseUriDomains: origins,
    })
    .optional(),
  permissions: z
    .strictObject({ camera: asked, microphone: asked, geolocation: asked, clipboardWrite: asked })
    .optional(),
  domain: domain.max(100).optional(),
})

/** Of what a server says there, the members that SEP-1865 defines, as far as each can be read. */
export function vettedPage(said: unknown): JsonObject {
  if (!isObject(said)) return {}
  const { csp, permissions: wanted, domain: own, prefersBorder } = said
  const place = domain.max(100).safeParse(own)
  return {
    ...(isObject(csp) && { csp: Object.fromEntries(directives.flatMap((name) => listed(name, csp[name]))) }),
    ...(isObject(wanted) && { permissions: Object.fromEntries(permissions.flatMap((name) => given(name, wanted))) }),
    ...(place.success && { domain: place.data }),
    ...(typeof prefersBorder === 'boolean' && { prefersBorder }),
  }
}

/** So that whoever admits a page sees where it may reach and what it may use. */
export function pageFindings({ _meta: meta }: JsonObject): Finding[] {
  const { csp, permissions: wanted, domain: own } = vettedPage(isObject(meta) ? meta['ui'] : undefined)
  const one = (path: string, what: string, text: string): Finding =>
    finding('page', 'notice', `_meta.ui.${path}`, what, text, 20)
  const origins = Object.entries((csp ?? {}) as Record<string, string[]>).flatMap(([name, list]) =>
    list.map((text) => one(`csp.${name}`, 'its page may reach this', text)),
  )
  const uses = Object.keys(wanted ?? {}).map((name) => one('permissions', 'its page may use this', name))
  return [...origins, ...uses, ...(typeof own === 'string' ? [one('domain', 'its page is shown there', own)] : [])]
}

function listed(name: string, value: unknown): [string, string[]][] {
  const all = Array.isArray(value) ? value.slice(0, most) : []
  const good = all.flatMap((one) => {
    const parsed = origin.safeParse(one)
    return parsed.success ? [parsed.data] : []
  })
  return good.length > 0 ? [[name, [...new Set(good)]]] : []
}

const given = (name: string, wanted: object): [string, JsonObject][] =>
  isObject((wanted as Record<string, unknown>)[name]) ? [[name, {}]] : []

/**
 * What a page says of itself when it is read, cut to what an administrator admitted: a page must not reach further than the
 * one that was looked at (attack case 55). `admitted`: as `vettedPage` gives it, each a place where it may come from.
 */
export function cutPage(said: unknown, admitted: readonly JsonObject[]): JsonObject {
  const page = vettedPage(said)
  const { csp, permissions: wanted, domain: own, ...rest } = page
  const within = (name: string, text: string): boolean =>
    admitted.some((one) => {
      const list = isObject(one['csp']) ? one['csp'][name] : []
      return Array.isArray(list) && list.some((may) => typeof may === 'string' && covers(may, text))
    })
  const kept = directives.flatMap((name): [string, string[]][] => {
    const list = isObject(csp) ? ((csp[name] ?? []) as string[]).filter((text) => within(name, text)) : []
    return list.length > 0 ? [[name, list]] : []
  })
  const may = Object.keys(wanted ?? {}).filter((name) =>
    admitted.some((one) => isObject(one['permissions']) && Object.hasOwn(one['permissions'], name)),
  )
  return {
    ...rest,
    ...(csp !== undefined && { csp: Object.fromEntries(kept) }),
    ...(wanted !== undefined && { permissions: Object.fromEntries(may.map((name) => [name, {}])) }),
    ...(own !== undefined && admitted.some((one) => one['domain'] === own) && { domain: own }),
  }
}

/** `https://*.example.com` stands for every name below it. */
function covers(may: string, origin: string): boolean {
  if (may === origin) return true
  const [scheme, rest] = may.split('://*.')
  return rest !== undefined && origin.startsWith(`${scheme}://`) && origin.endsWith(`.${rest}`)
}
