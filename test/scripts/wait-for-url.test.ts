import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { createChildren } from '../../scripts/lib/children.ts'
import { freePort } from '../../scripts/lib/ports.ts'
import { waitForUrl } from '../../scripts/lib/wait-for-url.ts'

/** Answers 503 until it has been asked three times. */
async function slowServer() {
  let asked = 0
  const server = createServer((_, response) => response.writeHead(++asked < 3 ? 503 : 200).end('x'))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return { url, asked: () => asked, [Symbol.asyncDispose]: async () => void server.close() }
}

it('waits for the answer it is told to accept', async () => {
  await using server = await slowServer()
  await waitForUrl(server.url, { accept: (response) => response.ok })
  expect(server.asked()).toBe(3)
})

it('names the URL and the last answer when time is up', async () => {
  await using server = await slowServer()
  await expect(waitForUrl(server.url, { timeoutMs: 150, accept: () => false })).rejects.toThrow(
    /did not answer at http:\/\/127.* within 0.15 s \(status \d+\)/,
  )
})

it('gives up at once with the last lines of a server that has ended', async () => {
  const children = createChildren(() => {})
  const child = children.start('gateway', process.execPath, ['-e', `console.error('no such module'); process.exit(1)`])
  const url = `http://127.0.0.1:${await freePort()}/`
  await expect(waitForUrl(url, { child })).rejects.toThrow('gateway ended before it answered.\nno such module')
})
