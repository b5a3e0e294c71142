import { join } from 'node:path'
import { build } from 'esbuild'
import { root } from './root.ts'

/** A Worker as one module, resolved for workerd: what runs in the bench and behind the journeys. */
export async function bundleWorker(entry: string, { minify = false } = {}): Promise<string> {
  const result = await build({
    entryPoints: [join(root, entry)],
    bundle: true,
    minify,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*', 'node:*'],
    loader: { '.sql': 'text' },
    write: false,
    logLevel: 'error',
  })
  return result.outputFiles[0]?.text ?? ''
}
