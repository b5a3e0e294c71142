import { createPublicKey, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ledgerOrigin, ledgerSigner, openCheckpoint, signCheckpoint } from '../../src/audit/checkpoint.ts'
import { createSigner, openNote } from '../../src/audit/note.ts'

const config = { publicUrl: 'https://mcp.example.com', ledgerKey: new Uint8Array(32).fill(9) }
const root = new Uint8Array(32).fill(1)

describe('a checkpoint', () => {
  it('is a signed note with origin, size and root', async () => {
    const signer = await ledgerSigner(config, 'acme')
    const note = await signCheckpoint(signer, 42, root)
    expect(note).toMatch(
      /^mcp\.example\.com\/ledger\/0\/acme\n42\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n\n— mcp\.example\.com\/ledger\/0\/acme \S+\n$/,
    )
    expect(await openCheckpoint(note, signer.verifier)).toEqual({
      origin: 'mcp.example.com/ledger/0/acme',
      size: 42,
      root,
    })
  })

  it('does not open when anything in it changed', async () => {
    const signer = await ledgerSigner(config, 'acme')
    const note = await signCheckpoint(signer, 42, root)
    const other = await ledgerSigner({ ...config, ledgerKey: new Uint8Array(32).fill(8) }, 'acme')
    const changed = [
      note.replace('\n42\n', '\n41\n'),
      note.replace('AQEB', 'AQEC'),
      note.replace('acme\n42', 'evil\n42'),
      note.replace(/— \S+ /, '— someone '),
      note.replace('\n\n', '\nextra\n\n'),
      note.slice(0, note.indexOf('\n\n') + 2),
      '',
    ]
    for (const bad of changed) expect(await openCheckpoint(bad, signer.verifier)).toBeNull()
    expect(await openCheckpoint(note, other.verifier)).toBeNull()
    expect(await openCheckpoint(note, signer.verifier.replace('acme', 'other'))).toBeNull()
    expect(await openCheckpoint(note, 'nonsense')).toBeNull()
  })

  it("does not pass for another ledger's", async () => {
    const one = await ledgerSigner(config, 'one')
    const two = await createSigner(one.name, config.ledgerKey)
    const foreign = await two.sign('mcp.example.com/ledger/0/two\n42\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n')
    expect(await openNote(foreign, one.verifier)).not.toBeNull()
    expect(await openCheckpoint(foreign, one.verifier)).toBeNull()
  })

  it('has an origin without spaces and plus signs, whatever the project is called', () => {
    expect(ledgerOrigin(config, 'a b+c/d')).toBe('mcp.example.com/ledger/0/a%20b%2Bc/d')
  })

  it('keeps the example of the specification', async () => {
    // c2sp.org/signed-note, with the key of the Go implementation's own test.
    const verifier = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
    const note = `If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`
    expect(await openNote(note, verifier)).toContain('cryptography')
    expect(await openNote(note.replace('answer', 'Answer'), verifier)).toBeNull()
  })

  it('is plain Ed25519 over the text for any other library', async () => {
    const signer = await ledgerSigner(config, 'acme')
    const [text, signature] = (await signCheckpoint(signer, 7, root)).split('\n\n— ') as [string, string]
    const raw = Buffer.from(signer.verifier.split('+').slice(2).join('+'), 'base64').subarray(1)
    const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') } })
    const bytes = Buffer.from(signature.trim().split(' ')[1] ?? '', 'base64').subarray(4)
    expect(verify(null, Buffer.from(`${text}\n`), key, bytes)).toBe(true)
  })
})
