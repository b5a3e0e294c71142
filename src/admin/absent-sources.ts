import type { GatewayDocument } from '../gateways/gateways.ts'

type Source = { id: string; enabled: boolean }
type Selection = Pick<GatewayDocument['tools'][number], 'upstream' | 'worker'>

/** Servers that a live document still names although they were removed or switched off after it was published. */
export function absentSources(
  selections: readonly Selection[],
  sources: readonly Source[],
): { path: string; message: string }[] {
  return selections.flatMap(({ upstream, worker }, at) => {
    const id = upstream ?? worker
    if (id === undefined) return []
    const source = sources.find((one) => one.id === id)
    if (source?.enabled === true) return []
    const message = source ? `${id} is switched off` : `there is no server ${id} any more; add it, or take it out`
    return [{ path: `tools[${at}]`, message }]
  })
}
