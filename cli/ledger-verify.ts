import { createReadStream, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { gunzipSync } from 'node:zlib'
import { verifyExport } from '../src/audit/verify-export.ts'
import type { ExportVerdict } from '../src/audit/verify-export.ts'
import type { Args, Command } from './command.ts'
import { Fault, exitCodes } from './command.ts'

export const command: Command = {
  usage: '<file...> [--key <key>] [--head <file>]...',
  help: `Needs no network and trusts nobody: it computes the tree again, checks every signature, and names the first record that
was altered, removed, moved or cut off. Exit code 1 says that something is wrong.

--key   the key from behalf ledger, kept since before. Without it the file is only checked against the key it brings along.
--head  a signed head kept elsewhere (a SIEM, a bucket, a colleague); may be given several times.
        With one, nobody can show you another past, not even with the key.

A part from the archive (.ndjson.gz) is checked as it is. Several files are parts in their order, and each has to continue
the one before it.

Example: npm run behalf -- ledger verify record.ndjson --key "behalf.example.com/ledger/0/acme+1234abcd+AX…"`,
  options: { key: { type: 'string' }, head: { type: 'string', multiple: true } },
  async run(args, { print, printJson, note }) {
    const key = args.values['key']
    const verdict = await verifyExport(linesOf(args.positionals), {
      ...(typeof key === 'string' ? { verifier: key } : {}),
      heads: headsOf(args),
    }).catch((cause: unknown) => {
      throw new Fault(`${args.positionals.join(', ')}: ${cause instanceof Error ? cause.message : String(cause)}`)
    })
    printJson(verdict)
    for (const line of told(verdict)) print(line)
    if (key === undefined) note('Checked with the key in the file itself: say --key to know whose record it is.')
    return verdict.faults.length > 0 ? exitCodes.failed : exitCodes.done
  },
}

async function* linesOf(files: readonly string[]): AsyncGenerator<string> {
  for (const file of files) {
    // A part of the archive is small.
    if (file.endsWith('.gz'))
      yield* gunzipSync(await readFile(file))
        .toString()
        .split('\n')
    else yield* createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })
  }
}

function headsOf({ values }: Args): string[] {
  const files = Array.isArray(values['head']) ? values['head'] : []
  return files.map((file) => {
    try {
      return readFileSync(String(file), 'utf8')
    } catch {
      throw new Fault(`${String(file)} cannot be read.`)
    }
  })
}

function told({ faults, from, to, proven, heads, payloads, unchecked }: ExportVerdict): string[] {
  const lines = faults.map(({ text }) => `WRONG: ${text}`)
  const silent = unchecked.map(
    (size) => `The head kept of ${size} records was not compared: the file does not reach back to it.`,
  )
  if (lines.length > 0)
    return [...lines.slice(0, 20), ...(lines.length > 20 ? [`and ${lines.length - 20} more`] : []), ...silent]
  const what = `${to - from} records (${from} to ${to - 1}), ${heads} signed heads, ${payloads} payloads`
  if (proven === from && to > from)
    return [`${what}: they agree with each other, and no signed head proves them.`, ...silent]
  return [
    `${what}: unaltered.`,
    ...(proven < to ? [`No head in the file covers the records from ${proven} on.`] : []),
    ...silent,
  ]
}
