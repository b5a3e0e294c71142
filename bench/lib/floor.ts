import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { bundleWorker } from '../../scripts/lib/bundle-worker.ts'
import { freePort } from '../../scripts/lib/ports.ts'
import { sendAsBefore, sendDirectly } from './direct-outbound.ts'

/** `floor-worker.ts` in a workerd of its own, storage on disk. */
export async function startFloor(serviceUrl: string): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'behalf-floor-'))
  const port = await freePort()
  sendDirectly()
  const miniflare = new Miniflare({
    ...convertV4MiniflareOptions({
      name: 'floor',
      modules: true,
      script: await bundleWorker('bench/lib/floor-worker.ts', { minify: true }),
      compatibilityDate: '2026-11-01',
      bindings: { SERVICE: serviceUrl },
      durableObjects: { FLOOR: { className: 'Floor', useSQLite: true } },
      unsafeDirectSockets: [{ host: '127.0.0.1', port }],
    }),
    resourcePersistencePath: folder,
    isolatedResourcePersistencePath: folder,
  })
  await miniflare.ready
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      await miniflare.dispose()
      sendAsBefore()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
