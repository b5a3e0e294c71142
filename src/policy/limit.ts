import { z } from 'zod'
import { canonicalJson, type Json } from '../core/json.ts'
import { localClock, startOfDate, type LocalTime, isTimeZone } from './calendar.ts'
import { isSafeNumber } from './comparison.ts'
import type { Context } from './context.ts'
import type { Charge, Question } from './decision.ts'
import { lookUp, pathSchema, splitPath } from './path.ts'
import { skeleton } from './text.ts'

const dimensions = ['session', 'task', 'user', 'agent', 'tool', 'gateway'] as const
const periods = ['minute', 'hour', 'day', 'week', 'month'] as const

export const limitSchema = z
  .strictObject({
    max: z.number().min(0).max(Number.MAX_SAFE_INTEGER).describe('The budget. 0 lets nothing through.'),
    per: z
      .array(z.enum(dimensions))
      .min(1)
      .default(['session'])
      .describe(
        'A counter for each combination. Without `session` or `task` it is shared by all sessions of the gateway.',
      ),
    every: z.enum(periods).optional().describe('A calendar period of `zone`, after which the counter starts again.'),
    zone: z
      .string()
      .max(64)
      .refine(isTimeZone, { error: 'This is no IANA time zone, such as Europe/Berlin.' })
      .optional()
      .describe('IANA time zone of the period. Default: UTC.'),
    count: z.enum(['calls', 'writes']).optional().describe('writes: reading costs nothing. Default: calls.'),
    units: z.number().positive().max(Number.MAX_SAFE_INTEGER).optional().describe('What one call costs.'),
    sizeOf: z
      .array(pathSchema)
      .min(1)
      .max(16)
      .optional()
      .describe('Counts the elements of these list arguments together, such as recipients.'),
    sum: pathSchema.optional().describe('Adds up this number argument.'),
    by: pathSchema.optional().describe('A counter for each value of this argument.'),
  })
  .refine((l) => [l.count, l.units, l.sizeOf, l.sum].filter((amount) => amount !== undefined).length <= 1, {
    error: 'A limit counts one thing: count, units, sizeOf or sum.',
  })
  .refine((l) => l.every !== undefined || isOfSession(l.per), {
    error: 'A limit shared by several sessions needs every, or it would never start again.',
  })

export type Limit = z.infer<typeof limitSchema>

const isOfSession = (per: readonly string[]): boolean => per.includes('session') || per.includes('task')

/** What this call would take; `error` when the amount cannot be told, which denies; null when it takes nothing. */
export type CompiledLimit = (context: Context) => Charge | 'error' | null

export function compileLimit(rule: string, limit: Limit): CompiledLimit {
  const scope = isOfSession(limit.per) ? 'session' : 'gateway'
  const per = dimensions.filter((dimension) => limit.per.includes(dimension))
  const by = limit.by === undefined ? null : splitPath(limit.by)
  const amountOf = compileAmount(limit)
  const periodOf = limit.every === undefined ? null : compilePeriod(limit.every, limit.zone ?? 'UTC')
  return (context) => {
    const amount = amountOf(context)
    if (amount === null || amount === 0) return amount === null ? 'error' : null
    const value = by === null ? '' : readValue(lookUp(context.args ?? undefined, by))
    if (value === null) return 'error'
    const period = periodOf?.(context.now) ?? null
    // JSON, so that no two lists of values give the same key.
    const key = JSON.stringify([
      rule,
      ...per.map((d) => `${d}:${dimensionOf(d, context.question)}`),
      value,
      period?.number ?? '',
    ])
    return { rule, key, amount, max: limit.max, scope, resetsAt: period?.endsAt ?? null }
  }
}

function dimensionOf(dimension: (typeof dimensions)[number], question: Question): string {
  switch (dimension) {
    case 'session':
      return ''
    case 'task':
      return question.task ?? ''
    case 'user':
      return question.user.id
    case 'agent':
      return question.agent.id
    case 'tool':
      return question.tool.name
    case 'gateway':
      return question.gateway
  }
}

/** Spellings that look alike share a counter. A long value would make a long key. */
function readValue(value: Json | undefined): string | null {
  if (value === undefined || typeof value === 'object') return null
  if (typeof value === 'number' && !isSafeNumber(value)) return null
  const text = typeof value === 'string' ? `"${skeleton('strict', value)}` : canonicalJson(value)
  return text.length > 200 ? null : text
}

function compileAmount(limit: Limit): (context: Context) => number | null {
  const { units } = limit
  if (units !== undefined) return () => units
  if (limit.count === 'writes') return (context) => (context.question.tool.behaviour.operation === 'read' ? 0 : 1)
  if (limit.sum !== undefined) {
    const path = splitPath(limit.sum)
    return ({ args }) => {
      const value = lookUp(args ?? undefined, path)
      // A negative amount would fill the budget up again.
      return isSafeNumber(value) && value >= 0 ? value : null
    }
  }
  if (limit.sizeOf !== undefined) {
    const paths = limit.sizeOf.map(splitPath)
    return ({ args }) => {
      let size = 0
      for (const path of paths) {
        const value = lookUp(args ?? undefined, path)
        if (value === undefined) continue
        if (!Array.isArray(value)) return null
        size += value.length
      }
      return size
    }
  }
  return () => 1
}

type Period = { number: string; endsAt: number }

function compilePeriod(every: (typeof periods)[number], zone: string): (now: number) => Period {
  const clock = localClock(zone)
  let last: Period & { startsAt: number } = { number: '', startsAt: 0, endsAt: 0 }
  return (now) => {
    if (now < last.startsAt || now >= last.endsAt) last = periodAt(every, zone, now, clock(now))
    return last
  }
}

function periodAt(
  every: (typeof periods)[number],
  zone: string,
  now: number,
  local: LocalTime,
): Period & { startsAt: number } {
  if (every === 'minute' || every === 'hour') {
    const lengthMs = every === 'minute' ? 60_000 : 3_600_000
    const startsAt = Math.floor(now / lengthMs) * lengthMs
    return { number: `${every}:${startsAt / lengthMs}`, startsAt, endsAt: startsAt + lengthMs }
  }
  const [from, to] = datesOf(every, local)
  return { number: `${every}:${from}`, startsAt: startOfDate(zone, from), endsAt: startOfDate(zone, to) }
}

/** First date of the period and of the next one. A week begins on Monday (ISO 8601). */
function datesOf(every: 'day' | 'week' | 'month', { date, day }: LocalTime): [number, number] {
  if (every === 'day') return [date, date + 1]
  if (every === 'week') return [date - ((day + 6) % 7), date - ((day + 6) % 7) + 7]
  const start = new Date(date * 86_400_000)
  const first = (month: number): number => Date.UTC(start.getUTCFullYear(), month, 1) / 86_400_000
  return [first(start.getUTCMonth()), first(start.getUTCMonth() + 1)]
}
