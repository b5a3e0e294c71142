/** A moment on a wall clock somewhere. `day`: 0 is Sunday. `date`: days since 1970-01-01 there. */
export type LocalTime = { day: number; minute: number; date: number }

const formatters = new Map<string, Intl.DateTimeFormat>()

export function isTimeZone(zone: string): boolean {
  try {
    formatterOf(zone)
    return true
  } catch {
    return false
  }
}

/** Making a formatter costs far more than a decision, so one per zone is kept. */
function formatterOf(zone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(zone)
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    })
    formatters.set(zone, formatter)
  }
  return formatter
}

/** A clock that remembers its last minute: offsets change on whole minutes only. */
export function localClock(zone: string): (now: number) => LocalTime {
  let minute = Number.NaN
  let last: LocalTime = { day: 0, minute: 0, date: 0 }
  return (now) => {
    if (Math.floor(now / 60_000) !== minute) {
      last = localTime(zone, now)
      minute = Math.floor(now / 60_000)
    }
    return last
  }
}

export function localTime(zone: string, now: number): LocalTime {
  const part: Record<string, number> = {}
  for (const { type, value } of formatterOf(zone).formatToParts(now)) part[type] = Number(value)
  const date = Math.floor(Date.UTC(part['year'] ?? 0, (part['month'] ?? 1) - 1, part['day'] ?? 1) / 86_400_000)
  return { day: (((date + 4) % 7) + 7) % 7, minute: (part['hour'] ?? 0) * 60 + (part['minute'] ?? 0), date }
}

/** The moment at which the local date `date` begins in the zone. Where a zone skips midnight: the first minute of that date. */
export function startOfDate(zone: string, date: number): number {
  const utc = date * 86_400_000
  let low = utc - 15 * 3_600_000
  let high = utc + 15 * 3_600_000
  while (high - low > 60_000) {
    const middle = Math.floor((low + high) / 120_000) * 60_000
    if (localTime(zone, middle).date < date) low = middle
    else high = middle
  }
  return high
}
