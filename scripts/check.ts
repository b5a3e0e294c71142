import { readdirSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { command, type Outcome } from './lib/command.ts'
import { runExample } from './lib/example-project.ts'
import { root, stateFolder } from './lib/root.ts'

/** npm run check: everything that can be said about the source without running it. Exit code 1 when any step fails. */
type Step = { name: string; run(): Promise<Outcome> }

/** Generates into a copy: a schema change without its migration leaves a new file there. */
async function migrationsAreFresh(): Promise<Outcome> {
  const copy = await mkdtemp(join(tmpdir(), 'behalf-migrations-'))
  try {
    await cp(join(root, 'migrations'), copy, { recursive: true })
    const before = readdirSync(copy).length
    const out = relative(root, copy)
    const generated = await command(
      'drizzle-kit',
      'generate',
      '--dialect=sqlite',
      '--schema=src/db/schema.ts',
      `--out=${out}`,
    )
    if (!generated.ok || readdirSync(copy).length === before) return generated
    return { ok: false, output: 'src/db/schema.ts has changes without a migration. Run: npm run db:generate' }
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
}

const compilers = readdirSync(root).filter((name) => /^tsconfig\..+\.json$/.test(name))
const dryRun = join(stateFolder, 'dry-run')

const steps: Step[] = [
  ...compilers.map((file) => ({ name: `types (${file})`, run: () => command('tsc', '-p', file, '--noEmit') })),
  {
    name: 'the example of a tool Worker, by itself',
    run: () => runExample(join(root, 'examples/tool-worker'), 'check', 'test'),
  },
  { name: 'lint', run: () => command('oxlint', '--type-aware', '--format=unix') },
  { name: 'format', run: () => command('oxfmt', '--check', '.') },
  { name: 'binding types', run: () => command('wrangler', 'types', '--check') },
  { name: 'migrations in order', run: () => command('drizzle-kit', 'check') },
  { name: 'migrations up to date', run: migrationsAreFresh },
  { name: 'deploy, dry run', run: () => command('wrangler', 'deploy', '--dry-run', `--outdir=${dryRun}`) },
]

const failed: string[] = []
for (const step of steps) {
  const startedAt = Date.now()
  const { ok, output } = await step.run()
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1)
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${step.name} (${seconds} s)`)
  if (!ok) failed.push(step.name)
  if (!ok || /\b[1-9]\d* warnings?\b|\[WARNING\]|\[Warning\//.test(output))
    console.log(output.trim().replaceAll(/^/gm, '     '))
}
console.log(
  failed.length === 0
    ? `${steps.length} checks passed`
    : `${failed.length} of ${steps.length} checks failed: ${failed.join(', ')}`,
)
process.exitCode = failed.length === 0 ? 0 : 1
