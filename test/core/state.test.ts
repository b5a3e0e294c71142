import { describe, expect, it } from 'vitest'
import { fromBase64, base64url, randomBytes } from '../../src/core/bytes.ts'
import { openState, sealState } from '../../src/core/state.ts'

const key = randomBytes(32)
const now = 1_800_000_000_000
const state = { user: 'alice', list: [1, null] }

describe('sealed state', () => {
  it('opens for its purpose, until it expires', async () => {
    const sealed = await sealState(key, 'cookie', state, now + 1)
    expect(await openState(key, 'cookie', sealed, now)).toEqual(state)
    expect(await openState(key, 'cookie', sealed, now + 1)).toBeNull()
  })

  it('shows nothing of what is in it', async () => {
    const sealed = await sealState(key, 'cookie', state, now + 1)
    expect(new TextDecoder('latin1').decode(fromBase64(sealed))).not.toContain('alice')
  })

  it('opens neither for another purpose nor under another key', async () => {
    const sealed = await sealState(key, 'cookie', state, now + 1)
    expect(await openState(key, 'consent', sealed, now)).toBeNull()
    expect(await openState(randomBytes(32), 'cookie', sealed, now)).toBeNull()
  })

  it('does not open when any byte was changed, cut off or added', async () => {
    const bytes = fromBase64(await sealState(key, 'cookie', state, now + 1))
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice()
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(await openState(key, 'cookie', base64url(changed), now)).toBeNull()
    }
    expect(await openState(key, 'cookie', base64url(bytes.slice(0, -1)), now)).toBeNull()
    expect(await openState(key, 'cookie', '', now)).toBeNull()
    expect(await openState(key, 'cookie', '%%%', now)).toBeNull()
  })
})
