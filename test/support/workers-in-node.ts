import { join } from 'node:path'
import type { Plugin } from 'vitest/config'

/**
 * Lets tests that run in Node import files whose room also has a Durable Object: `cloudflare:workers` is a module that
 * cannot run, and an SQL file is its text, as wrangler.toml has it.
 */
export function workersInNode(): Plugin {
  return {
    name: 'workers-in-node',
    enforce: 'pre',
    resolveId: (id) => (id === 'cloudflare:workers' ? join(import.meta.dirname, 'cloudflare-workers.ts') : undefined),
    transform: (source, id) =>
      id.endsWith('.sql') ? { code: `export default ${JSON.stringify(source)}`, map: null } : undefined,
  }
}
