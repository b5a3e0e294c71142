import { replaceLookAlikes } from './look-alikes.ts'

/**
 * How a text condition reads its text. Whatever the mode (but `exact`), a text that only looks like the rule's
 * (other case, full width, Cyrillic letters, hidden characters, percent-encoding) is neither equal nor different: it is
 * an error, so a forbid denies it and a permit does not permit it (attack case 50).
 *
 * strict: as written. exact: as written, and look-alikes are simply different. folded: NFKC and no upper or lower case.
 * branch: a git branch by any of its names. email: one plain address. path: no dot segments. host: of a URL or a host name.
 */
export const textModes = ['strict', 'exact', 'folded', 'branch', 'email', 'path', 'host'] as const
export type TextMode = (typeof textModes)[number]

/** The text in the mode's one spelling; null when it is not such a text at all. */
export function readText(mode: TextMode, text: string): string | null {
  switch (mode) {
    case 'strict':
    case 'exact':
      return text
    case 'folded':
      return fold(text)
    case 'branch':
      return readBranch(text)
    case 'email':
      return readEmail(text)
    case 'path':
      return readPath(text)
    case 'host':
      return readHost(text)
  }
}

/** NFKC and simple case folding, twice around because each may undo the other's work. */
export function fold(text: string): string {
  if (isPlainAscii(text)) return text.toLowerCase()
  return text.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC').replaceAll('i\u0307', 'i')
}

/** What is left of a text when everything is gone that a person or a lenient service may not see. */
export function skeleton(mode: TextMode, text: string): string {
  let bare = decodePercent(text)
  if (!isPlainAscii(bare)) {
    bare = replaceLookAlikes(bare.normalize('NFKC'))
      .replace(/[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Cs}\p{Co}]/gu, (c) => (/\s/.test(c) ? ' ' : ''))
      .replace(/\s+/gu, ' ')
  }
  bare = fold(bare).trim()
  if (mode === 'branch') bare = bare.replace(/^(refs\/)?(heads|remotes)\//, '').replace(/^(origin|upstream)\//, '')
  return mode === 'host' || mode === 'email' ? bare.replace(/\.+$/, '') : bare
}

/** Whether there are characters in it that nobody sees. Line breaks and tabs are fine where a text may have several lines. */
export function hidesText(text: string, severalLines: boolean): boolean {
  if (isPlainAscii(text)) return false
  return hidden.test(severalLines ? text.replace(/[\t\n\r]/g, ' ') : text)
}

const hidden = /[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Cs}\p{Co}]/u

function isPlainAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < 0x20 || c > 0x7e) return false
  }
  return true
}

function decodePercent(text: string): string {
  let decoded = text
  for (let i = 0; i < 2 && /%[0-9a-f]{2}/i.test(decoded); i++) {
    decoded = decoded.replace(/(%[0-9a-f]{2})+/gi, (run) => {
      try {
        return decodeURIComponent(run)
      } catch {
        return run
      }
    })
  }
  return decoded
}

/** Refuses what git-check-ref-format(1) refuses, other kinds of ref, revisions (gitrevisions(7)), HEAD and commit hashes. */
function readBranch(text: string): string | null {
  const name = text.replace(/^(refs\/)?heads\//, '')
  if (name === '' || name === '@' || /^[a-z_]*head$/i.test(name)) return null
  if (/^([0-9a-f]{40}|[0-9a-f]{64})$/i.test(name)) return null
  if (/^(refs|heads|remotes|tags)\//i.test(name)) return null
  // oxlint-disable-next-line no-control-regex -- control characters are what git refuses
  if (/[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|^\/|\/$|\.$|^\.|\/\.|\.lock(\/|$)/.test(name)) return null
  return name
}

/** One address. A list, a display name or a comment could hide a second recipient. */
function readEmail(text: string): string | null {
  const at = text.indexOf('@')
  if (at < 1 || at !== text.lastIndexOf('@') || text.length > 254) return null
  const domain = text.slice(at + 1).toLowerCase()
  if (!isPlainAscii(text) || /[\s,;:<>()[\]"\\%]/.test(text) || !isHostName(domain)) return null
  return `${text.slice(0, at).toLowerCase()}@${domain}`
}

function readPath(text: string): string | null {
  // oxlint-disable-next-line no-control-regex -- a NUL ends the path in C
  if (/[\u0000-\u001f\u007f\\]|%2e|%2f|%5c|%00|\/\/|(^|\/)\.{1,2}(\/|$)/i.test(text) || text === '') return null
  return text
}

function readHost(text: string): string | null {
  let name = text
  if (text.includes('/') || text.includes('@') || text.includes('\\')) {
    const url = URL.canParse(text) ? new URL(text) : null
    if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return null
    if (!/^https?:\/\//i.test(text) || text.includes('\\')) return null
    name = url.hostname
  } else {
    name = name.replace(/:\d{1,5}$/, '')
  }
  name = name.toLowerCase().replace(/\.$/, '')
  return isHostName(name) ? name : null
}

const isHostName = (name: string): boolean =>
  name.length <= 253 && name.split('.').every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label))
