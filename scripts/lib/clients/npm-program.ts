import { existsSync } from 'node:fs'
import type { Sandbox } from './sandbox.ts'

const fetchMs = 300_000

/** Where npx puts a program of exactly this version: in its cache, not in the repository. */
export async function npmProgram(sandbox: Sandbox, spec: string, program: string, cache: string): Promise<string> {
  const args = ['--yes', `--package=${spec}`, '-c', `command -v ${program}`]
  const { code, output } = await sandbox.run('npx', args, {
    timeoutMs: fetchMs,
    env: { npm_config_cache: cache, npm_config_update_notifier: 'false' },
  })
  const path = output.split('\n').findLast((line) => line.startsWith('/')) ?? ''
  if (code !== 0 || !existsSync(path)) throw new Error(`npm did not bring ${spec}: ${output.trim().slice(-400)}`)
  return path
}
