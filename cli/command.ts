import type { ParseArgsOptionsConfig } from 'node:util'
import type { AdminApi } from './admin-api.ts'

/** What a command was given, already parsed. */
export type Args = {
  /** Positional arguments, as many as `usage` names in <...>. */
  positionals: readonly string[]
  values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>
}

export type Context = {
  /** The deployment named by BEHALF_URL, with the token in BEHALF_ADMIN_TOKEN. Found on first use. */
  api: AdminApi
  env: Readonly<Record<string, string | undefined>>
  /** Standard output: what was asked for. With --json one value for programs, and `print` stays silent. */
  print: (text: string) => void
  printJson: (value: unknown) => void
  /** Standard error: what is going on. */
  note: (text: string) => void
  /** Reads a secret from standard input, so that it stands in no shell history and no process list. */
  readSecret: (prompt: string) => Promise<string>
  /** True at once where nobody can be asked. */
  confirm: (question: string) => Promise<boolean>
  json: boolean
}

/** One command: a file in this folder, and a row in commands.ts. */
export type Command = {
  /** After the command's name: `<file> [--via wrangler]`. A last `<x...>` takes any number. */
  usage: string
  /** What it does and an example or two. Shown by --help. */
  help: string
  /** `--json` and `--help` are everyone's. */
  options?: ParseArgsOptionsConfig
  /** Exit code; nothing is 0. Throw a `Fault` for what went wrong. */
  run(args: Args, context: Context): Promise<number | void>
}

/** Something the user can understand and settle. Anything else that is thrown is a defect and shown with its stack. */
export class Fault extends Error {
  readonly exitCode: number
  constructor(message: string, exitCode: number = exitCodes.failed) {
    super(message)
    this.exitCode = exitCode
  }
}

export const exitCodes = {
  done: 0,
  /** It did not work, and the message says why. */
  failed: 1,
  /** The command line is not right. */
  usage: 2,
  /** `plan --exit-code`: there is something to apply. */
  changes: 3,
} as const

export const text = (value: Args['values'][string]): string | undefined =>
  typeof value === 'string' ? value : undefined
