import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { enterPressed } from '../../scripts/lib/enter-pressed.ts'

it('waits for a line, and can be asked again', async () => {
  const input = new PassThrough()
  const first = enterPressed('', input)
  input.write('\n')
  await first
  const second = enterPressed('', input)
  input.write('\n')
  await expect(second).resolves.toBeUndefined()
})

it('says what to do when nobody can press a key', async () => {
  const input = new PassThrough()
  input.end()
  await expect(enterPressed('', input)).rejects.toThrow('Without --manual')
})
