import { z } from 'zod'

/** Wildcards `*` in each; an absent list lets everything through. All that are given must match. */
const filter = z.strictObject({
  types: z.array(z.string().max(64)).max(64).optional(),
  decisions: z.array(z.enum(['permit', 'deny', 'approve'])).optional(),
  outcomes: z.array(z.enum(['done', 'failed', 'refused', 'unknown'])).optional(),
  gateways: z.array(z.string().max(128)).max(64).optional(),
  tools: z.array(z.string().max(128)).max(64).optional(),
  agents: z.array(z.string().max(128)).max(64).optional(),
  users: z.array(z.string().max(128)).max(64).optional(),
})

const common = {
  filter: filter.default({}),
  /** Redacted arguments and results go along. */
  payload: z.boolean().default(true),
  /** Attribute names that are left out, e.g. `client.address`. */
  omit: z.array(z.string().max(128)).max(64).default([]),
  /** Begin with the first event on record, or with the next one. */
  start: z.enum(['now', 'beginning']).default('now'),
}
const format = z.enum(['native', 'ocsf']).default('native')
const url = z.url({ protocol: /^https?$/ })
/** Those that are secrets by their name are stored sealed, which makes them longer than they were given. */
const headers = z.record(z.string().regex(/^[A-Za-z0-9-]{1,64}$/), z.string().max(4_000)).default({})

const otlp = z.strictObject({
  kind: z.literal('otlp'),
  ...common,
  /** Base URL; `/v1/logs` and `/v1/traces` are added. */
  url,
  encoding: z.enum(['json', 'protobuf']).default('protobuf'),
  signals: z
    .array(z.enum(['logs', 'traces']))
    .min(1)
    .default(['logs']),
  headers,
  /** Header that carries the secret, e.g. `authorization` with `Bearer …`, or `dd-api-key`. */
  secretHeader: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/)
    .default('authorization'),
})

const splunk = z.strictObject({
  kind: z.literal('splunk'),
  ...common,
  format,
  /** `https://host:8088`. The secret is the collector's token. */
  url,
  index: z.string().max(128).optional(),
  source: z.string().max(128).default('behalf'),
  sourcetype: z.string().max(128).default('behalf:audit'),
  /** Wait for the indexer's acknowledgement; the token must have it switched on. */
  acknowledge: z.boolean().default(false),
})

const datadog = z.strictObject({
  kind: z.literal('datadog'),
  ...common,
  format,
  /** `datadoghq.com`, `datadoghq.eu`, `us5.datadoghq.com` … The secret is an API key. */
  site: z
    .string()
    .regex(/^[a-z0-9.-]{1,64}$/)
    .default('datadoghq.com'),
  /** Instead of the site's intake: a proxy or an agent. */
  url: url.optional(),
  service: z.string().max(100).default('behalf'),
  tags: z.array(z.string().max(200)).max(50).default([]),
})

const elastic = z.strictObject({
  kind: z.literal('elastic'),
  ...common,
  format,
  url,
  /** Index or data stream. The secret is an API key as Elasticsearch encodes it. */
  index: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,200}$/)
    .default('logs-behalf-audit'),
})

const sentinel = z.strictObject({
  kind: z.literal('sentinel'),
  ...common,
  format,
  /** Logs ingestion endpoint of the data collection rule or endpoint. */
  url,
  ruleId: z.string().regex(/^dcr-[0-9a-f]{32}$/),
  stream: z.string().regex(/^Custom-[A-Za-z0-9_]{1,100}$/),
  /** Microsoft Entra: tenant and application. The secret is the client secret. */
  tenant: z.string().regex(/^[A-Za-z0-9.-]{1,100}$/),
  clientId: z.string().max(100),
  authority: url.default('https://login.microsoftonline.com'),
})

const webhook = z.strictObject({
  kind: z.literal('webhook'),
  ...common,
  format,
  url,
  headers,
})

const r2 = z.strictObject({
  kind: z.literal('r2'),
  ...common,
  format,
  prefix: z
    .string()
    .regex(/^[A-Za-z0-9._/-]{0,200}$/)
    .default('events'),
  /** Older files are deleted. Absent: never. */
  retentionDays: z.int().positive().max(36_500).optional(),
})

export const sinkSettings = z.discriminatedUnion('kind', [otlp, splunk, datadog, elastic, sentinel, webhook, r2])

export type SinkSettings = z.infer<typeof sinkSettings>
export type SinkKind = SinkSettings['kind']
export type SinkFilter = z.infer<typeof filter>
export type OtlpSettings = z.infer<typeof otlp>
export type SplunkSettings = z.infer<typeof splunk>
export type DatadogSettings = z.infer<typeof datadog>
export type ElasticSettings = z.infer<typeof elastic>
export type SentinelSettings = z.infer<typeof sentinel>
export type WebhookSettings = z.infer<typeof webhook>
export type R2Settings = z.infer<typeof r2>
