import type { Json, JsonObject } from './json.ts'

/** MCP's logging levels (RFC 5424 §6.2.1), the least first. */
export const logLevels = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const
export type LogLevel = (typeof logLevels)[number]

/** `notifications/message` of MCP. */
export type LogEntry = { level: LogLevel; logger?: string; data: Json }

/** What stands where the gateway kept something from going on. */
export const leftOut = '[left out by the gateway]'

/** Stands where so many entries came too fast to be handed on. */
export const leftOutEntry = (count: number): LogEntry => ({
  level: 'warning',
  logger: 'gateway',
  data: `${count} log entries were left out.`,
})

const longestLogger = 100
const longestData = 16 * 1024

export const isLogLevel = (level: unknown): level is LogLevel => logLevels.includes(level as LogLevel)

/** Whether it reaches somebody who wants to hear from this level on. Undefined, or a level nobody knows: everything does. */
export function reaches({ level }: Pick<LogEntry, 'level'>, from: string | undefined): boolean {
  return !isLogLevel(from) || logLevels.indexOf(level) >= logLevels.indexOf(from)
}

/** The one of two that lets more through. Null: nothing is wanted. */
export function lower(one: LogLevel | null, other: LogLevel | null): LogLevel | null {
  if (one === null || other === null) return one ?? other
  return logLevels.indexOf(one) < logLevels.indexOf(other) ? one : other
}

/** What a server sent as a log entry, with nothing in it that MCP does not know, and of a bounded size. */
export function readLogEntry({ level, logger, data = null }: JsonObject): LogEntry {
  return {
    level: isLogLevel(level) ? level : 'info',
    ...(typeof logger === 'string' && { logger: logger.slice(0, longestLogger) }),
    data: JSON.stringify(data).length > longestData ? leftOut : data,
  }
}
