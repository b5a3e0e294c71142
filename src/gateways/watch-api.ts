import type { GatewayId, ProjectId } from '../core/ids.ts'
import type { LogLevel } from '../core/log-entry.ts'

/** The watch over one upstream of a project: it looks at it on a schedule, and listens to it while somebody listens to us. */
export type WatchApi = {
  /**
   * The gateway is in use; with `listens`, clients wait there to hear of changes, and with `log`, of what the server logs from
   * that level on. Said again at least every `attentionMs / 2`, or that is taken for over.
   */
  attend(gateway: GatewayId, listens: boolean, log: LogLevel | null): Promise<void>
  /** The upstream was added, changed, removed, or just looked at: think anew when to look at it next. */
  schedule(): Promise<void>
}

export const attentionMs = 150_000

/** Two fields in JSON cannot be mistaken for two others. */
export function watchName(project: ProjectId, upstream: string): string {
  return JSON.stringify([project, upstream])
}

export function readWatchName(name: string): { project: ProjectId; upstream: string } {
  const [project, upstream] = JSON.parse(name) as [ProjectId, string]
  return { project, upstream }
}

export function watchOf(env: Pick<Env, 'WATCH'>, project: ProjectId, upstream: string): WatchApi {
  return env.WATCH.getByName(watchName(project, upstream)) as unknown as WatchApi
}
