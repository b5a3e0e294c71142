import { availableParallelism } from 'node:os'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { bundleWorker } from './scripts/lib/bundle-worker.ts'
import { root } from './scripts/lib/root.ts'
import { testVars } from './test/support/test-vars.ts'
import { workersInNode } from './test/support/workers-in-node.ts'

const migrations = await readD1Migrations('migrations')
/** Deployed by themselves, as tool Workers are; one is hostile. */
const toolWorkers = await bundleWorker('test/support/hostile/tool-workers.ts')
const toolWorker = (entrypoint: string) => ({ name: 'tool-workers', entrypoint })

const support = (name: string): string => `./test/support/${name}.ts`

/** The second core is not left idle: files wait for what they started, and for real time to pass. */
const maxWorkers = Math.max(2, availableParallelism() - 1)

/** What has to come about comes about in milliseconds; a machine with other work takes its time. */
const expectations = { poll: { timeout: 15_000 } }

/** Journeys with clocks that nobody here sets, or that measure how long something takes. */
const timed = ['chaos', 'conformance', 'hostile-upstreams'].map((name) => `test/e2e/${name}.test.ts`)
const journeys = {
  isolate: false,
  expect: { poll: { timeout: 60_000 } },
  setupFiles: [support('put-back')],
  testTimeout: 300_000,
  hookTimeout: 300_000,
}

// Nothing is loaded anew for each file, which takes as long as the tests: every test has its own ids, and none keeps
// anything in a module. Groups run one after the other, so that journeys through real processes have the machine to themselves.
export default defineConfig({
  test: {
    silent: 'passed-only',
    maxWorkers,
    projects: [
      {
        plugins: [workersInNode()],
        test: {
          name: 'node',
          isolate: false,
          expect: expectations,
          testTimeout: 60_000,
          include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
          exclude: ['test/**/*.workers.test.ts', 'test/e2e/**'],
          setupFiles: [support('put-back')],
          alias: { 'behalf/kit': `${root}/src/toolkits/kit/kit.ts` },
          // It imports cloudflare:workers too, and a plugin does not reach into a package otherwise.
          server: { deps: { inline: ['@cloudflare/workers-oauth-provider'] } },
          sequence: { groupOrder: 0 },
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              bindings: { ...testVars, TEST_MIGRATIONS: migrations },
              serviceBindings: { TOOLS_ACME: toolWorker('Tools'), TOOLS_HOSTILE: toolWorker('Hostile') },
              workers: [{ name: 'tool-workers', modules: true, script: toolWorkers, compatibilityDate: '2026-11-01' }],
            },
          }),
        ],
        test: {
          name: 'workers',
          isolate: false,
          expect: expectations,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          include: ['test/**/*.workers.test.ts'],
          globalSetup: ['./test/support/oauth-server-setup.ts'],
          setupFiles: ['put-back', 'no-network', 'apply-migrations', 'nothing-at-rest'].map(support),
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...journeys,
          name: 'e2e',
          // Each is a few processes of its own.
          maxWorkers: 2,
          include: ['test/e2e/**/*.test.ts'],
          exclude: timed,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...journeys,
          name: 'e2e-timed',
          // The conformance suite gives some calls half a second, whatever else the machine does.
          fileParallelism: false,
          include: timed,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
