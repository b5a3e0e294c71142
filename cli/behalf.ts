import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { main } from './main.ts'

// A reader that has seen enough, such as head, is no fault.
process.stdout.on('error', (cause: NodeJS.ErrnoException) => {
  if (cause.code !== 'EPIPE') throw cause
  process.exit()
})

process.exitCode = await main(process.argv.slice(2), {
  env: process.env,
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  stdin: () => readFileSync(0, 'utf8'),
  async ask(question) {
    const line = createInterface({ input: process.stdin, output: process.stderr })
    try {
      return await line.question(question)
    } finally {
      line.close()
    }
  },
  interactive: process.stdin.isTTY && !process.env['CI'],
})
