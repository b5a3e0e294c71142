import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

// The kit imports cloudflare:workers, which is not there in Node; no test needs it.
export default defineConfig({
  test: { include: ['test/**/*.test.ts'] },
  resolve: { alias: { 'cloudflare:workers': here('test/cloudflare-workers.ts') } },
})
