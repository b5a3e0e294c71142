import { ToolError } from './errors.ts'

const dayMs = 86_400_000
export const momentHint = 'today, yesterday, last_7_days (any number), or a date or time in ISO 8601.'

/** What a person says for "since when", as an ISO 8601 time in UTC. Errors: ToolError `bad_input` with what is understood. */
export function parseMoment(text: string, now: number): string {
  const said = text.trim().toLowerCase().replaceAll(' ', '_')
  const today = Math.floor(now / dayMs) * dayMs
  if (said === 'today') return iso(today)
  if (said === 'yesterday') return iso(today - dayMs)
  const days = /^last_(\d{1,4})_days?$/.exec(said)?.[1]
  if (days !== undefined) return iso(today - Number(days) * dayMs)
  const parsed = /^\d{4}-\d{2}-\d{2}(t.*)?$/.test(said) ? Date.parse(text.trim()) : Number.NaN
  if (Number.isNaN(parsed)) throw new ToolError('bad_input', `"${text}" is not a time. Use ${momentHint}`)
  return iso(parsed)
}

function iso(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z')
}
