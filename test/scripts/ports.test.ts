import { createServer, type AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { freePort, requireFreePorts } from '../../scripts/lib/ports.ts'

async function listener(host: string) {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, host, done))
  const { port } = server.address() as AddressInfo
  return { port, [Symbol.asyncDispose]: () => new Promise<void>((done) => void server.close(() => done())) }
}

it.each(['127.0.0.1', '0.0.0.0'])('names a port that is taken on %s, what it was for and the way out', async (host) => {
  await using taken = await listener(host)
  const free = await freePort()
  const uses = [
    { port: free, purpose: 'the free one', wayOut: 'none needed' },
    { port: taken.port, purpose: 'the gateway', wayOut: 'npm start -- --port 4101' },
  ]
  await expect(requireFreePorts(uses)).rejects.toThrow(
    new RegExp(`^Port ${taken.port}, wanted for the gateway, is in use.*\nWay out: npm start -- --port 4101$`),
  )
})

it('says a way out once, however many ports are taken', async () => {
  await using one = await listener('127.0.0.1')
  await using two = await listener('127.0.0.1')
  const uses = [one, two].map(({ port }) => ({ port, purpose: 'a stand-in', wayOut: 'end it' }))
  const said = await requireFreePorts(uses).catch(String)
  expect(String(said).match(/is in use/g)).toHaveLength(2)
  expect(String(said).match(/Way out: end it/g)).toHaveLength(1)
})

it('passes ports that are free and leaves them free', async () => {
  const port = await freePort()
  const use = { port, purpose: 'the gateway', wayOut: 'none' }
  await expect(requireFreePorts([use])).resolves.toBeUndefined()
  await expect(requireFreePorts([use])).resolves.toBeUndefined()
})

it('never gives the same free port twice', async () => {
  const ports = new Set<number>()
  for (let n = 0; n < 300; n++) ports.add(await freePort())
  expect(ports.size).toBe(300)
})
