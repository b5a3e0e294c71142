import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

type Package = { version?: string; integrity?: string; optionalDependencies?: Record<string, string> }

const read = (name: string): unknown => JSON.parse(readFileSync(join(import.meta.dirname, '..', name), 'utf8'))
const { packages } = read('package-lock.json') as { packages: Record<string, Package> }
const { dependencies, devDependencies } = read('package.json') as Record<string, Record<string, string>>

/** Looks where Node looks: in the package's own node_modules, then further up. */
function isLocked(from: string, name: string): boolean {
  if (packages[`${from === '' ? '' : `${from}/`}node_modules/${name}`] !== undefined) return true
  return from !== '' && isLocked(from.replace(/(^|\/)node_modules\/(@[^/]+\/)?[^/]+$/, ''), name)
}

// npm writes a lockfile only for the platforms it can see, and npm ci then refuses it or leaves binaries out elsewhere.
it('locks the binaries of every platform, so that npm ci works on all of them', () => {
  const missing = Object.entries(packages).flatMap(([path, one]) =>
    Object.keys(one.optionalDependencies ?? {}).filter((name) => !isLocked(path, name)),
  )
  expect(missing).toEqual([])
})

it('pins every dependency exactly', () => {
  const versions = Object.entries({ ...dependencies, ...devDependencies })
  expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([])
})

it.each(['workerd', 'miniflare', 'wrangler', 'zod', 'vitest'])('has one %s in the tree', (name) => {
  expect(Object.keys(packages).filter((path) => path.endsWith(`node_modules/${name}`))).toHaveLength(1)
})
