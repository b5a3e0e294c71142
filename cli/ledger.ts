import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { once } from 'node:events'
import type { Command } from './command.ts'
import { Fault, exitCodes, text } from './command.ts'

type Ledger = { ledger: string; size: number; indexedUpTo: number; verifier: string | null; checkpoint: string | null }

export const show: Command = {
  usage: '',
  help: `How many events are on record, the key that signs its heads, and the head of now. Keep the key and a head where the
operator of the deployment cannot change them: with them, behalf ledger verify finds out if anything was ever changed.`,
  async run(_, { api, print, printJson }) {
    const ledger = await api.get<Ledger>('/ledger')
    printJson(ledger)
    print(`${ledger.size} events, ${ledger.size - ledger.indexedUpTo} of them not yet searchable`)
    print(`key: ${ledger.verifier ?? 'none yet'}`)
    if (ledger.checkpoint !== null) print(`\n${ledger.checkpoint.trimEnd()}`)
  },
}

export const exportRecord: Command = {
  usage: '<file> [--from <n>] [--to <n>] [--payloads <open|sealed|none>]',
  help: `One line of JSON for each event, with its hash and the signed heads between them. behalf ledger verify checks the file.

--from, --to  sequences; the whole record without them
--payloads    open: redacted arguments and results as they can be read today (the default)

Example: npm run behalf -- ledger export record.ndjson`,
  options: { from: { type: 'string' }, to: { type: 'string' }, payloads: { type: 'string' } },
  async run({ positionals: [file = ''], values }, { api, note, printJson, print }) {
    const query = { from: text(values['from']), to: text(values['to']), payloads: text(values['payloads']) }
    // A file that was cut off must not look like one that is whole.
    const partial = `${file}.part`
    const out = createWriteStream(partial, { mode: 0o600 })
    let last = ''
    try {
      for await (const line of api.lines('/ledger/export', query)) {
        last = line
        if (!out.write(`${line}\n`)) await once(out, 'drain')
      }
      out.end()
      await once(out, 'close')
      if (!last.startsWith('{"end":')) throw new Fault('The record was cut off on its way, or there is none yet.')
      await rename(partial, file)
    } catch (cause) {
      out.destroy()
      await rm(partial, { force: true })
      throw cause
    }
    const { end } = JSON.parse(last) as { end: number }
    printJson({ file, end })
    print(`${file}: the record up to event ${end - 1}`)
    note(`Check it: npm run behalf -- ledger verify ${file}`)
  },
}

export const erase: Command = {
  usage: '<user> --yes',
  help: `Destroys the key under which everything personal about this person is sealed in the record: arguments, results, names.
Nobody can undo it. The events themselves stay, under the id of the person, and so does the proof.`,
  options: { yes: { type: 'boolean' } },
  async run({ positionals: [user = ''], values }, { api, print, printJson }) {
    if (values['yes'] !== true) throw new Fault('This cannot be undone. Say --yes.', exitCodes.usage)
    const answer = await api.send<{ erased: boolean }>('POST', '/ledger/erase', { user })
    printJson(answer)
    print(
      answer.erased ? `What was sealed about ${user} can never be read again.` : `Nothing was sealed about ${user}.`,
    )
  },
}
