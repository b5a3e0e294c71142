import type { JsonObject } from '../../core/json.ts'
import { flatten } from './flatten.ts'
import { toOcsf } from './ocsf.ts'
import type { SinkRecord } from './record.ts'

/** One record as a JSON object in the form a sink asked for. */
export const shaped = (record: SinkRecord, format: 'native' | 'ocsf'): JsonObject =>
  format === 'ocsf' ? toOcsf(record) : flatten(record)

export const isoTime = (ms: number): string => new Date(ms).toISOString()
