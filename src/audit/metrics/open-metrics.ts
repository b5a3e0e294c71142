import type { Labels } from './tally.ts'
import { bucketsMs } from './tally.ts'
import type { Series } from './metric-store.ts'

export const openMetricsType = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

type Kind = 'counter' | 'gauge' | 'histogram'
export type Family = { name: string; kind: Kind; unit?: string; help: string; series: readonly Series[] }

/** OpenMetrics 1.0 (prometheus/OpenMetrics, specification/OpenMetrics.md). Names get the prefix `behalf_`. */
export function openMetrics(families: readonly Family[]): string {
  return `${families
    .filter(({ series }) => series.length > 0)
    .map(familyText)
    .join('')}# EOF\n`
}

function familyText({ name, kind, unit, help, series }: Family): string {
  const lines = [
    `# TYPE behalf_${name} ${kind}`,
    ...(unit === undefined ? [] : [`# UNIT behalf_${name} ${unit}`]),
    `# HELP behalf_${name} ${escaped(help)}`,
    ...(kind === 'histogram' ? histogram(name, series) : series.map(sample)),
  ]
  return `${lines.join('\n')}\n`
}

const sample = ({ name, labels, value }: Series): string => `behalf_${name}${labelText(labels)} ${value}`

/** Buckets are kept each for itself; a reader wants them running up, the last one with everything. */
function histogram(name: string, series: readonly Series[]): string[] {
  const groups = Map.groupBy(series, ({ labels }) => JSON.stringify({ ...labels, le: undefined }))
  return [...groups].flatMap(([key, own]) => {
    const labels = JSON.parse(key) as Labels
    const counted = new Map(
      own.flatMap((one) => (one.labels['le'] === undefined ? [] : [[one.labels['le'], one.value]])),
    )
    let running = 0
    const bounds = [...bucketsMs.map((ms) => `${ms / 1000}`), 'Infinity']
    const buckets = bounds.map((bound) => {
      running += Number(counted.get(bound) ?? 0)
      const le = bound === 'Infinity' ? '+Inf' : bound.includes('.') ? bound : `${bound}.0`
      return sample({ name: `${name}_bucket`, labels: { ...labels, le }, value: running })
    })
    const sum = own.find((one) => one.name === `${name}_sum`)?.value ?? 0
    return [
      ...buckets,
      sample({ name: `${name}_count`, labels, value: running }),
      sample({ name: `${name}_sum`, labels, value: sum }),
    ]
  })
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value).replaceAll('"', '\\"')}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
