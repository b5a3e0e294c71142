import { showHidden } from '../src/screening/hidden-characters.ts'
import type { Args, Command, Context } from './command.ts'
import { Fault, exitCodes, text } from './command.ts'
import { aligned } from './main.ts'
import { addOne, stands } from './upstream-add.ts'
import type { FileEntry, NamedSecret } from './upstream-file.ts'
import { readEntries } from './upstream-file.ts'
import { sameAddress, sameServer } from './upstream-replaced.ts'

/** How it ended with one server of the file. */
type Outcome = { id: string; outcome: 'added' | 'there' | 'left out' | 'waits' | 'failed'; why: string }

export const importFile: Command = {
  usage: '<file> [--only <id>] [--replace] [--secrets] [--yes]',
  help: `Adds the servers of an MCP registry document (server.json) or of a client's configuration (JSON, also with comments, or
TOML), each by itself, and says in the end how it went with each. Where one could not be added, the exit code is 1; after mending
it, import again. Servers that run as a local process are named and left out: nothing is started here.

--only       this server of the file and no other.
--replace    changes servers that are there already under the same name, as upstream add does.
--secrets    keeps the credentials that stand in the file as secrets of the project. Everybody who may use a server calls it with
             them then, so do it with none that is a person's own. Without this, a server waits until its secrets are set.

Example: npm run behalf -- upstream import ~/.cursor/mcp.json --only linear`,
  options: {
    only: { type: 'string' },
    replace: { type: 'boolean' },
    secrets: { type: 'boolean' },
    yes: { type: 'boolean' },
  },
  async run(args, context) {
    const { entries, skipped } = readEntries(args.positionals[0] ?? '')
    const only = text(args.values['only'])
    const wanted = <One extends { id: string }>(all: readonly One[]): One[] =>
      all.filter(({ id }) => only === undefined || id === only)
    const chosen = wanted(entries)
    const known = chosen.some(({ secrets }) => secrets.length > 0) ? await secretNames(context) : new Set<string>()
    const outcomes: Outcome[] = wanted(skipped).map(({ id, why }) => ({ id, outcome: 'left out', why }))
    for (const entry of chosen) outcomes.push(await outcomeOf(entry, known, args, context))
    if (outcomes.length === 0) throw new Fault(`The file names no server${only === undefined ? '' : ` ${only}`}.`)
    context.printJson(outcomes)
    const rows = outcomes.map(({ id, outcome, why }) => [outcome, id, showHidden(why).replaceAll('\n', '\n    ')])
    for (const line of aligned(rows)) context.print(line)
    return outcomes.some(({ outcome }) => outcome === 'waits' || outcome === 'failed')
      ? exitCodes.failed
      : exitCodes.done
  },
}

async function outcomeOf(entry: FileEntry, known: Set<string>, args: Args, context: Context): Promise<Outcome> {
  const { id, url, secrets, notes } = entry
  for (const note of notes) context.note(showHidden(`${id}: ${note}`))
  try {
    const before = await stands(id, context)
    if (before && sameAddress(before.url, url) && args.values['replace'] !== true) {
      return { id, outcome: 'there', why: 'it is there already, for the same address' }
    }
    const there = secrets.find(({ name }) => known.has(name))
    if (there && before && !sameServer(before.url, url)) {
      const why = `${there.name} was set for ${before.url}: upstream add ${id} with --header says what may go to ${url}`
      return { id, outcome: 'failed', why }
    }
    const missing = secrets.filter(({ name }) => !known.has(name))
    if (missing.length > 0 && (!before || args.values['replace'] === true)) {
      const why = await whyWaits(missing, args, context)
      if (why !== null) return { id, outcome: 'waits', why }
    }
    await addOne(entry, before, args, context)
    return { id, outcome: 'added', why: url }
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault
    return { id, outcome: 'failed', why: fault.message }
  }
}

/** Null: all are set now. */
async function whyWaits(missing: readonly NamedSecret[], args: Args, { api, note }: Context): Promise<string | null> {
  const open: NamedSecret[] = []
  for (const one of missing) {
    const value = args.values['secrets'] === true ? one.literal() : null
    if (value === null) {
      open.push(one)
      continue
    }
    await api.send('PUT', `/secrets/${encodeURIComponent(one.name)}`, { value })
    note(`${one.name} is set from the file`)
  }
  if (open.length === 0) return null
  const commands = open.map(
    ({ name, from }) => `npm run behalf -- secret set ${name}${from === null ? '' : ` (${from} in the file)`}`,
  )
  const or = open.some(({ literal }) => literal() !== null) ? ' (--secrets takes what stands in the file)' : ''
  return `set what it needs, then import again${or}: ${commands.join('; ')}`
}

async function secretNames({ api }: Context): Promise<Set<string>> {
  const names = new Set<string>()
  for await (const { name } of api.all<{ name: string }>('/secrets')) names.add(name)
  return names
}
