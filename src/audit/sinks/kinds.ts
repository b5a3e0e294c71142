import { datadog } from './datadog.ts'
import { elastic } from './elastic.ts'
import { otlp } from './otlp.ts'
import { r2 } from './r2.ts'
import { sentinel } from './sentinel.ts'
import type { SinkKind, SinkSettings } from './settings.ts'
import type { Batch, Delivery, Sink, SinkTools } from './sink.ts'
import { splunk } from './splunk.ts'
import { webhook } from './webhook.ts'

const kinds: { [Kind in SinkKind]: Sink<Extract<SinkSettings, { kind: Kind }>> } = {
  otlp,
  splunk,
  datadog,
  elastic,
  sentinel,
  webhook,
  r2,
}

export const limitsOf = (settings: SinkSettings): Sink<never>['limits'] & { everyMs: number } => {
  const { limits, everyMs = 0 } = kinds[settings.kind]
  return { ...limits, everyMs }
}

export function deliver(batch: Batch, settings: SinkSettings, tools: SinkTools): Promise<Delivery> {
  return (kinds[settings.kind] as unknown as Sink<SinkSettings>).deliver(batch, settings, tools)
}
