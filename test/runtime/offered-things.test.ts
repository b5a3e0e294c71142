import { expect, it } from 'vitest'
import { offeredThings } from '../../src/runtime/offered-things.ts'
import { snapshotOf } from '../support/runtime.ts'

const template = (upstream: string, uriTemplate: string) => ({
  uriTemplate,
  upstream,
  name: uriTemplate,
  definitionHash: `of ${uriTemplate}`,
})
const things = offeredThings({
  ...snapshotOf([]),
  resources: [{ uri: 'x://a/first', upstream: 'a', name: 'first', definitionHash: 'of first' }],
  templates: [template('a', 'x://a/{o}'), template('a', 'x://a/{o}/issues'), template('b', 'x://b*/{o}')],
})

it.each([
  ['x://a/first', 'a', 'of first'],
  ['x://a/other', 'a', 'of x://a/{o}'],
  ['x://b*/other', 'b', 'of x://b*/{o}'],
])('reads %s from its own server, by what was admitted of it', (uri, upstream, definitionHash) => {
  expect(things.resource(uri)).toMatchObject({ definitionHash, source: { upstream, remoteName: uri } })
})

it('knows no address of no template, and takes a template for itself and not for what another could stand for', () => {
  expect(things.resource('x://c/1')).toBeUndefined()
  expect(things.template('x://a/{o}/issues')?.definitionHash).toBe('of x://a/{o}/issues')
  expect(things.resource('x://a/{o}/issues')?.definitionHash).toBe('of x://a/{o}/issues')
})
