import { parseArgs } from 'node:util'
import { createAdminApi } from './admin-api.ts'
import type { Command, Context } from './command.ts'
import { Fault, exitCodes } from './command.ts'
import type { Row } from './commands.ts'
import { commands } from './commands.ts'

export type Terminal = {
  env: Readonly<Record<string, string | undefined>>
  stdout: (text: string) => void
  stderr: (text: string) => void
  /** All of standard input. */
  stdin: () => string
  interactive: boolean
  /** One line that a person types. */
  ask: (question: string) => Promise<string>
}

/** Runs one command line and returns its exit code. */
export async function main(argv: readonly string[], terminal: Terminal, table = commands): Promise<number> {
  try {
    const found = find(argv, table)
    if (!found) return overview(argv, terminal, table)
    const { command } = await found.row.load()
    if (isNoCommand(found, command, table)) return overview(argv, terminal, table)
    return await run(found.row, command, found.rest, terminal)
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault
    terminal.stderr(`${fault.message}\n`)
    return fault.exitCode
  }
}

type Found = { row: Row; rest: string[] }

/** The longest name that the line begins with. */
function find(argv: readonly string[], table: readonly Row[]): Found | null {
  for (const length of [3, 2, 1]) {
    const name = argv.slice(0, length).join(' ')
    const row = argv.length >= length && table.find((one) => one.name === name)
    if (row) return { row, rest: argv.slice(length) }
  }
  return null
}

/** `upstream shwo`: the command of the group takes no words. */
function isNoCommand({ row, rest: [word = '-'] }: Found, { usage }: Command, table: readonly Row[]): boolean {
  const leads = table.some(({ name }) => name.startsWith(`${row.name} `))
  return leads && !word.startsWith('-') && positionalsOf(usage).most === 0
}

function overview(argv: readonly string[], terminal: Terminal, table: readonly Row[]): number {
  const asked = argv.length === 0 || argv.includes('--help') || argv.includes('-h') || argv[0] === 'help'
  const words = argv.filter((word) => !word.startsWith('-') && word !== 'help')
  const group = words.join(' ')
  const within = (name: string): Row[] => table.filter((row) => row.name === name || row.name.startsWith(`${name} `))
  const unknown = group !== '' && within(group).length === 0
  const [rows = table] = [within(group), within(words[0] ?? '')].filter(({ length }) => length > 0)
  const lines = [
    ...(unknown ? [`There is no command ${group}.`, ''] : []),
    'Usage: npm run behalf -- <command> [options]',
    '',
    ...aligned(rows.map(({ name, summary }) => [name, summary])),
    '',
    'Each command explains itself with --help, and answers programs with --json.',
    'BEHALF_URL and BEHALF_ADMIN_TOKEN say which deployment; without them it is the one npm start runs here.',
  ]
  const ok = asked && !unknown
  const write = ok ? terminal.stdout : terminal.stderr
  write(`${lines.join('\n')}\n`)
  return ok ? exitCodes.done : exitCodes.usage
}

async function run(row: Row, command: Command, rest: string[], terminal: Terminal): Promise<number> {
  const args = readArgs(row, command, rest)
  if (args.values['help']) {
    terminal.stdout(`${helpText(row, command)}\n`)
    return exitCodes.done
  }
  checkCount(row, command, args.positionals)
  const json = args.values['json'] === true
  const context: Context = {
    api: createAdminApi(terminal.env),
    env: terminal.env,
    json,
    print: (line) => {
      if (!json) terminal.stdout(`${line}\n`)
    },
    printJson: (value) => {
      if (json) terminal.stdout(`${JSON.stringify(value, null, 2)}\n`)
    },
    note: (line) => terminal.stderr(`${line}\n`),
    confirm: async (question) =>
      !terminal.interactive || /^y(es)?$/i.test((await terminal.ask(`${question} [y/N] `)).trim()),
    readSecret: async (prompt) => {
      if (terminal.interactive) terminal.stderr(`${prompt} (end with Enter and Ctrl-D)\n`)
      const secret = terminal.stdin().replace(/\r?\n$/, '')
      if (secret === '') throw new Fault(`${prompt}: nothing came in on standard input.`, exitCodes.usage)
      return secret
    },
  }
  return (await command.run(args, context)) ?? exitCodes.done
}

function readArgs(row: Row, command: Command, rest: string[]) {
  const common = { help: { type: 'boolean', short: 'h' }, json: { type: 'boolean' } } as const
  try {
    return parseArgs({ args: rest, options: { ...command.options, ...common }, allowPositionals: true, strict: true })
  } catch (cause) {
    throw usageFault(row, command, cause instanceof Error ? cause.message : String(cause))
  }
}

function checkCount(row: Row, command: Command, given: readonly string[]): void {
  const { names, most } = positionalsOf(command.usage)
  const missing = names[given.length]
  if (missing !== undefined) throw usageFault(row, command, `<${missing}> is missing.`)
  const extra = given[most]
  if (extra !== undefined) throw usageFault(row, command, `${extra} is one argument too many.`)
}

/** What has to be given, and how much may be. */
function positionalsOf(usage: string): { names: string[]; most: number } {
  const positional = usage.replaceAll(/\[[^\]]*\]|--[\w-]+ <[^>]*>/g, '')
  const names = [...positional.matchAll(/<([^>]+)>/g)].map((match) => match[1] ?? '')
  const many = names.at(-1)?.endsWith('...') || /\[\w+\.\.\.\]/.test(usage)
  const optional = usage.match(/\[\w+\]/g)?.length ?? 0
  return { names, most: many ? Infinity : names.length + optional }
}

function usageFault({ name }: Row, { usage }: Command, message: string): Fault {
  return new Fault(`${message}\nUsage: npm run behalf -- ${name} ${usage}`.trimEnd(), exitCodes.usage)
}

function helpText({ name, summary }: Row, { usage, help }: Command): string {
  return `${summary}.\n\nUsage: npm run behalf -- ${name} ${usage}`.trimEnd() + `\n\n${help.trim()}`
}

/** Columns that line up. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)))
  return rows.map((row) =>
    `  ${row.map((cell, i) => (i < row.length - 1 ? cell.padEnd(widths[i] ?? 0) : cell)).join('  ')}`.trimEnd(),
  )
}
