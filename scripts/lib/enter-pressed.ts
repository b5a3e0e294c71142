import { createInterface } from 'node:readline'
import { Stop } from './stop.ts'

/** Waits for a line. Throws Stop when there is nobody to press a key. */
export function enterPressed(question: string, input: NodeJS.ReadableStream = process.stdin): Promise<void> {
  process.stdout.write(question)
  // Not as a terminal: it would keep Ctrl-C to itself.
  const lines = createInterface({ input, terminal: false })
  return new Promise((done, fail) => {
    let pressed = false
    lines.once('line', () => {
      pressed = true
      lines.close()
    })
    lines.once('close', () => {
      if (pressed) done()
      else
        fail(
          new Stop(
            '\nThere is no terminal to press Enter in. Without --manual, a browser without a window opens the links.',
          ),
        )
    })
  })
}
