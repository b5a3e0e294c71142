import { describe, expect, it } from 'vitest'
import { Refused } from '../../cli/admin-api.ts'
import type { Command } from '../../cli/command.ts'
import { Fault, exitCodes } from '../../cli/command.ts'
import { commands } from '../../cli/commands.ts'
import { main } from '../../cli/main.ts'

function terminal(more: { stdin?: string; interactive?: boolean; answer?: string } = {}) {
  const seen = { out: '', err: '' }
  return {
    seen,
    env: {},
    stdout: (text: string) => void (seen.out += text),
    stderr: (text: string) => void (seen.err += text),
    stdin: () => more.stdin ?? '',
    ask: () => Promise.resolve(more.answer ?? ''),
    interactive: more.interactive ?? false,
  }
}

const echo: Command = {
  usage: '<what> [--loud] --tone <tone>',
  help: 'Says it.',
  options: { loud: { type: 'boolean' }, tone: { type: 'string' } },
  async run({ positionals, values }, { print, printJson }) {
    print(values['loud'] === true ? `${positionals[0]}!` : `${positionals[0]}`)
    printJson({ what: positionals[0] })
  },
}
const made = (name: string, command: Command) => ({
  name,
  summary: `Summary of ${name}`,
  load: async () => ({ command }),
})
const table = [made('echo', echo), made('echo twice', { ...echo, usage: '<what...>' })]

async function run(argv: string[], more?: Parameters<typeof terminal>[0]) {
  const at = terminal(more)
  return { code: await main(argv, at, table), ...at.seen }
}

describe('the command line', () => {
  it('shows what there is when asked nothing, and for help', async () => {
    for (const argv of [[], ['--help'], ['help']]) {
      const { code, out } = await run(argv)
      expect(code).toBe(exitCodes.done)
      expect(out).toMatch(/echo\s+Summary of echo\n\s+echo twice/)
    }
  })

  it('runs the longest name that fits', async () => {
    expect(await run(['echo', 'twice', 'a', 'b'])).toMatchObject({ code: 0, out: 'a\n' })
    expect(await run(['echo', 'thrice', '--loud'])).toMatchObject({ code: 0, out: 'thrice!\n' })
  })

  it('says on standard error, and by its exit code, what is wrong with the line', async () => {
    expect(await run(['eco'])).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('no command eco') as string,
    })
    expect(await run(['echo'])).toMatchObject({ code: 2, err: expect.stringContaining('<what> is missing') as string })
    expect(await run(['echo', 'a', 'b'])).toMatchObject({ code: 2, err: expect.stringContaining('too many') as string })
    expect(await run(['echo', 'a', '--lod'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--lod') as string,
    })
  })

  it('names the commands of a group where it is asked for one that there is not', async () => {
    const lone = [made('echo', { ...echo, usage: '[--loud]' }), made('echo twice', echo), made('other', echo)]
    const asked = async (...argv: string[]) => {
      const at = terminal()
      return { code: await main(argv, at, lone), ...at.seen }
    }
    for (const argv of [
      ['echo', 'shwo'],
      ['echo', 'shwo', 'it', '--help'],
    ]) {
      const { code, out, err } = await asked(...argv)
      expect({ code, out }).toEqual({ code: 2, out: '' })
      expect(err).toMatch(/There is no command echo shwo[^]*echo twice/)
      expect(err).not.toContain('other')
    }
    expect(await asked('echo', '--loud', 'shwo')).toMatchObject({ code: 2, out: '' })
  })

  it('says a fault of a request once, and without where in the request it stood', () => {
    const [path, message] = ['params.id', 'use a letter first']
    const problem = { title: 'Not valid.', status: 400, detail: `${path}: ${message}`, faults: [{ path, message }] }
    expect(new Refused(problem).message).toBe('id: use a letter first')
    expect(new Refused({ ...problem, detail: 'The document is not valid.' }).message).toBe(
      'The document is not valid.\n  id: use a letter first',
    )
  })

  it('explains a command', async () => {
    expect((await run(['echo', '--help'])).out).toMatch(/Usage: .* echo <what> \[--loud\].*\n\nSays it\./)
  })

  it('gives programs one JSON value and nothing else', async () => {
    const { out } = await run(['echo', 'a', '--json'])
    expect(JSON.parse(out)).toEqual({ what: 'a' })
  })

  it('shows a fault without a stack, and lets a defect through', async () => {
    const failing = (error: Error) => [made('fail', { usage: '', help: '', run: () => Promise.reject(error) })]
    const at = terminal()
    expect(await main(['fail'], at, failing(new Fault('It did not work.')))).toBe(1)
    expect(at.seen.err).toBe('It did not work.\n')
    await expect(main(['fail'], terminal(), failing(new TypeError('defect')))).rejects.toThrow('defect')
  })

  it('asks a person, and nobody in a pipeline', async () => {
    const asking = [
      made('ask', { usage: '', help: '', run: async (_, { confirm, print }) => print(String(await confirm('Sure?'))) }),
    ]
    const outcome = async (more: Parameters<typeof terminal>[0]) => {
      const at = terminal(more)
      await main(['ask'], at, asking)
      return at.seen.out
    }
    expect(await outcome({ interactive: false })).toBe('true\n')
    expect(await outcome({ interactive: true, answer: 'y' })).toBe('true\n')
    expect(await outcome({ interactive: true, answer: '' })).toBe('false\n')
  })

  it('reads a secret from standard input, and refuses an empty one', async () => {
    const reading = [
      made('read', { usage: '', help: '', run: async (_, { readSecret, print }) => print(await readSecret('It')) }),
    ]
    const at = terminal({ stdin: 'two words\n' })
    await main(['read'], at, reading)
    expect(at.seen.out).toBe('two words\n')
    expect(await main(['read'], terminal({ stdin: '\n' }), reading)).toBe(2)
  })
})

describe.each(commands.map((row) => [row.name, row] as const))('%s', (name, row) => {
  it('loads and explains itself', async () => {
    const at = terminal()
    expect(await main([...name.split(' '), '--help'], at)).toBe(0)
    expect(at.seen.out).toContain(row.summary)
  })
})
