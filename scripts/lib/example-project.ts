import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { commandIn, type Outcome } from './command.ts'
import { root } from './root.ts'

const dependencies = z.record(z.string(), z.string()).default({})
const manifest = z.object({
  version: z.string().optional(),
  scripts: z.record(z.string(), z.string()).default({}),
  dependencies,
  devDependencies: dependencies,
})

/** What an install or a run there left behind. */
const left: readonly string[] = ['node_modules', '.wrangler']

const readManifest = async (folder: string) =>
  manifest.parse(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')))

/**
 * Runs scripts of an example as somebody has it who copied its folder: elsewhere, with what its `package.json` names and
 * nothing else of ours. Nothing is downloaded: what it names has to be what we have.
 */
export async function runExample(folder: string, ...scripts: string[]): Promise<Outcome> {
  const copy = await mkdtemp(join(tmpdir(), 'behalf-example-'))
  try {
    await cp(folder, copy, { recursive: true, filter: (path) => !left.includes(basename(path)) })
    const wants = await readManifest(folder)
    for (const [name, wanted] of Object.entries({ ...wants.dependencies, ...wants.devDependencies })) {
      const ours = wanted.startsWith('file:') ? resolve(folder, wanted.slice(5)) : join(root, 'node_modules', name)
      const { version } = await readManifest(ours)
      if (!wanted.startsWith('file:') && version !== wanted) {
        return { ok: false, output: `${folder} names ${name} ${wanted}; we have ${version}.` }
      }
      const place = join(copy, 'node_modules', name)
      await mkdir(dirname(place), { recursive: true })
      await symlink(ours, place)
    }
    const outcomes: Outcome[] = []
    for (const script of scripts) {
      const [tool = '', ...words] = (wants.scripts[script] ?? '').split(' ')
      outcomes.push(await commandIn(copy, tool, ...words))
    }
    return { ok: outcomes.every(({ ok }) => ok), output: outcomes.map(({ output }) => output).join('') }
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
}
