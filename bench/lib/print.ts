import type { FederationFigures } from '../federation.ts'
import type { SearchFigures } from '../search.ts'

export type Figures = { p50Ms: number; p95Ms: number; p99Ms: number; perSecond32: number }

export type AllFigures = {
  direct: Figures
  floor: Figures
  governed: Figures
  addedP50Ms: number
  list: Record<string, number>
  search: SearchFigures
  federation: FederationFigures
  sessionBytes: number
  decisionsPerSecond: number
  decisionMicroseconds1000Rules: number
  coldStartMs: number
}

/** The figures of one run as a table a person can read. */
export function print(figures: AllFigures): void {
  const row = (name: string, one: Figures) =>
    `  ${name.padEnd(24)}${[one.p50Ms, one.p95Ms, one.p99Ms].map((ms) => ms.toFixed(2).padStart(9)).join('')}${`${one.perSecond32}`.padStart(12)}`
  const line = (name: string, value: string) => `  ${name.padEnd(42)}${value.padStart(15)}`
  console.log(`
                              p50 ms   p95 ms   p99 ms   per second (32 callers)
${row('service, directly', figures.direct)}
${row('bare Worker and object', figures.floor)}
${row('governed tool call', figures.governed)}

${line('added at the median', `${figures.addedP50Ms.toFixed(2)} ms`)}
${line('governed rate / direct rate', (figures.governed.perSecond32 / figures.direct.perSecond32).toFixed(3))}
${line('governed rate / bare rate', (figures.governed.perSecond32 / figures.floor.perSecond32).toFixed(3))}
${line('governed median / bare median', (figures.governed.p50Ms / figures.floor.p50Ms).toFixed(2))}
${Object.entries(figures.list)
  .map(([name, ms]) => line(`tools/list, ${name.replace(/\D/g, '')} tools, p50`, `${ms.toFixed(2)} ms`))
  .join('\n')}
${line('search over 1,000 tools, p50', `${figures.search.p50Ms.toFixed(2)} ms`)}
${line('its index, made once', `${figures.search.buildMs.toFixed(0)} ms`)}
${line('federated call, p50', `${figures.federation.callP50Ms.toFixed(2)} ms`)}
${line('that server, directly, p50', `${figures.federation.directP50Ms.toFixed(2)} ms`)}
${line('bare Worker and object meanwhile, p50', `${figures.federation.bareP50Ms.toFixed(2)} ms`)}
${line('federated call beside a hanging server, p50', `${figures.federation.besideHangingP50Ms.toFixed(2)} ms`)}
${line('tools/list, 10 servers, 1,000 tools, p50', `${figures.federation.list1000P50Ms.toFixed(2)} ms`)}
${line('memory per live session', `${(figures.sessionBytes / 1024).toFixed(1)} KiB`)}
${line('decisions per second, 1,000 rules', `${figures.decisionsPerSecond}`)}
${line('one decision at the median, 1,000 rules', `${figures.decisionMicroseconds1000Rules} us`)}
${line('cold start, first call', `${figures.coldStartMs.toFixed(0)} ms`)}`)
}
