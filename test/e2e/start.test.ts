import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../scripts/lib/ports.ts'
import { root } from '../../scripts/lib/root.ts'

/** `npm start` as a person runs it, in a folder of its own. */
function start(...args: string[]) {
  const child = spawn('npm', ['start', '--silent', '--', ...args], { cwd: root, detached: true })
  let text = ''
  const waiting = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part
      for (const look of waiting) look()
    })
  }
  const ended = new Promise<number | null>((done) => child.on('close', done))
  return {
    ended,
    text: () => text,
    says: (words: string) =>
      Promise.race([
        new Promise<void>((done) => {
          const look = (): void => void (text.includes(words) && waiting.delete(look) && done())
          waiting.add(look)
          look()
        }),
        ended.then((code) => Promise.reject(new Error(`npm start ended with ${code}:\n${text}`))),
      ]),
    /** As Ctrl-C in a terminal: to the whole group. */
    interrupt: () => child.pid !== undefined && process.kill(-child.pid, 'SIGINT'),
  }
}

const isUp = (url: string): Promise<boolean> =>
  fetch(`${url}/health`).then(
    ({ ok }) => ok,
    () => false,
  )

describe('npm start', () => {
  let folder = ''
  let port = 0

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'behalf-start-'))
    port = await freePort()
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('comes up, names a busy port with the way out, ends everything on Ctrl-C, and uses what is there again', async () => {
    const args = ['--no-demo', '--port', `${port}`, '--folder', folder]
    const url = `http://localhost:${port}`
    const first = start(...args)
    await first.says('Ctrl-C ends it.')
    expect(await isUp(url)).toBe(true)
    expect(first.text()).toContain('Starting the Worker')
    const keys = await readFile(join(folder, 'vars'), 'utf8')

    const second = start(...args)
    expect(await second.ended).toBe(1)
    expect(second.text()).toContain(`${port}`)
    expect(second.text()).toContain('npm start -- --port 9000')
    expect(await isUp(url)).toBe(true)

    first.interrupt()
    expect(await first.ended).not.toBe(0)
    expect(await isUp(url)).toBe(false)

    const again = start(...args)
    await again.says('Ctrl-C ends it.')
    expect(await readFile(join(folder, 'vars'), 'utf8')).toBe(keys)
    again.interrupt()
    await again.ended
    expect(await isUp(url)).toBe(false)
  })

  it('says what it can do instead of guessing at an option', async () => {
    const wrong = start('--prot', '9000')
    expect(await wrong.ended).toBe(1)
    expect(wrong.text()).toContain('npm start [-- --no-demo]')
  })
})
