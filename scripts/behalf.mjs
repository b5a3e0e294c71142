#!/usr/bin/env node
// The command `behalf`, for those who link this package; `npm run behalf --` does the same.
process.argv.splice(2, 0, 'cli/behalf.ts')
await import('./bootstrap.mjs')
