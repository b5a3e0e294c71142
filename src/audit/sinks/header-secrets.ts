import type { KeyRing } from '../../core/seal.ts'
import { openSecret, sealSecret } from '../../core/seal.ts'
import { isSecretName } from '../secret-names.ts'
import type { SinkSettings } from './settings.ts'

/**
 * Headers that are secrets by their name (`x-goog-api-key`): some receivers want one beside the sink's secret. They are stored
 * sealed, shown as `[kept]`, and opened for the request only.
 */
const shown = '[kept]'
const mark = 'sealed:'

type Headers = Record<string, string>
type Place = { ring: KeyRing; project: string; sink: string }

const context = ({ project, sink }: Place, name: string): string[] => ['sink', project, sink, name.toLowerCase()]

export const headersOf = (settings: SinkSettings): Headers => ('headers' in settings ? settings.headers : {})

const withHeaders = (settings: SinkSettings, headers: Headers): SinkSettings =>
  'headers' in settings ? { ...settings, headers } : settings

/** As they are stored. `known`: what is stored for the same receiver; null when there is nothing that may be kept. */
export async function sealHeaders(
  place: Place,
  settings: SinkSettings,
  known: Headers | null,
): Promise<{ settings: SinkSettings; missing: string[] }> {
  const headers: [string, string][] = []
  const missing: string[] = []
  for (const [name, value] of Object.entries(headersOf(settings))) {
    if (!isSecretName(name)) headers.push([name, value])
    else if (value !== shown) headers.push([name, mark + (await sealSecret(place.ring, context(place, name), value))])
    else if (known?.[name] !== undefined) headers.push([name, known[name]])
    else missing.push(name)
  }
  return { settings: withHeaders(settings, Object.fromEntries(headers)), missing }
}

export function showHeaders(settings: SinkSettings): SinkSettings {
  const headers = Object.entries(headersOf(settings)).map(([name, value]) => [name, isSecretName(name) ? shown : value])
  return withHeaders(settings, Object.fromEntries(headers) as Headers)
}

/** One that was stored before they were sealed is as it was given. Null: one does not open. */
export async function openHeaders(place: Place, settings: SinkSettings): Promise<SinkSettings | null> {
  const headers: [string, string][] = []
  for (const [name, value] of Object.entries(headersOf(settings))) {
    if (!value.startsWith(mark)) headers.push([name, value])
    else {
      const opened = await openSecret(place.ring, context(place, name), value.slice(mark.length))
      if (!opened.ok) return null
      headers.push([name, opened.value])
    }
  }
  return withHeaders(settings, Object.fromEntries(headers))
}
