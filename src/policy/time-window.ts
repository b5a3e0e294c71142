import { z } from 'zod'
import { isTimeZone, localClock } from './calendar.ts'
import { FALSE, TRUE, type Truth } from './truth.ts'

const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const
const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'A time of day is HH:MM.')
const instant = z.iso.datetime({ offset: true })

/**
 * From `from` up to, not including, `to`, on the wall clock of `zone`. When `to` is not after `from`, the window
 * ends on the next day and belongs to the day it began on.
 */
export const timeWindowSchema = z
  .strictObject({
    zone: z
      .string()
      .max(64)
      .refine(isTimeZone, { error: 'This is no IANA time zone, such as Europe/Berlin.' })
      .optional()
      .describe('IANA time zone of the days and times, such as Europe/Berlin.'),
    days: z.array(z.enum(days)).min(1).optional().describe('On these days.'),
    from: clockTime.optional().describe('From this time of day, HH:MM.'),
    to: clockTime.optional().describe('Up to this time of day. Not after `from`: it ends on the next day.'),
    since: instant.optional().describe('Not before this moment.'),
    until: instant.optional().describe('Before this moment.'),
  })
  .refine((w) => (w.from === undefined) === (w.to === undefined), { error: 'from and to belong together.' })
  .refine((w) => w.zone !== undefined || (w.days === undefined && w.from === undefined), {
    error: 'Days and times of day need a zone.',
  })
  .refine((w) => Object.keys(w).some((key) => key !== 'zone'), { error: 'The window says no time.' })

export type TimeWindow = z.infer<typeof timeWindowSchema>

const minutes = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))

export function compileTimeWindow(window: TimeWindow): (now: number) => Truth {
  const since = window.since === undefined ? -Infinity : Date.parse(window.since)
  const until = window.until === undefined ? Infinity : Date.parse(window.until)
  const onDays = window.days === undefined ? null : new Set<number>(window.days.map((day) => days.indexOf(day)))
  const from = window.from === undefined ? 0 : minutes(window.from)
  const to = window.to === undefined ? 1440 : minutes(window.to)
  const clock = window.zone === undefined ? null : localClock(window.zone)
  const onDay = (day: number): boolean => onDays === null || onDays.has((day + 7) % 7)
  return (now) => {
    if (now < since || now >= until) return FALSE
    if (clock === null) return TRUE
    const { day, minute } = clock(now)
    if (from < to) return onDay(day) && minute >= from && minute < to ? TRUE : FALSE
    return (onDay(day) && minute >= from) || (onDay(day - 1) && minute < to) ? TRUE : FALSE
  }
}

/** True when no later moment can be in the window. */
export function isOver(window: TimeWindow, now: number): boolean {
  return window.until !== undefined && now >= Date.parse(window.until)
}
