import { describe, expect, it } from 'vitest'
import { ask, verdict } from './questions.ts'

const about = (value: unknown, clause: object): string =>
  verdict({ argument: 'x', ...clause }, ask('T_x', { x: value } as never))

describe('text in conditions', () => {
  it('is equal only when it is the same', () => {
    expect(about('main', { eq: 'main' })).toBe('true')
    expect(about('develop', { eq: 'main' })).toBe('false')
  })

  it.each([
    ['other case', 'Main'],
    ['Cyrillic letter', 'ma\u0456n'],
    ['Greek letter', 'm\u03b1in'],
    ['full width', '\uff4dain'],
    ['mathematical letters', '\u{1d426}ain'],
    ['trailing NUL', 'main\u0000'],
    ['zero-width space', 'ma\u200bin'],
    ['soft hyphen', 'ma\u00adin'],
    ['right-to-left override', '\u202emain'],
    ['tag characters', 'main\u{e0041}'],
    ['variation selector', 'main\ufe0f'],
    ['percent-encoding', 'm%61in'],
    ['percent-encoding twice', 'm%2561in'],
    ['dotless i', 'ma\u0131n'],
    ['lone surrogate', 'main\ud800'],
    ['small capitals', 'm\u1d00in'],
  ])('errs on a look-alike: %s', (_, value) => {
    expect(about(value, { eq: 'main' })).toBe('error')
    expect(about(value, { ne: 'main' })).toBe('error')
    expect(about(value, { in: ['main', 'master'] })).toBe('error')
    expect(about(value, { notIn: ['main', 'master'] })).toBe('error')
    expect(about(`${value}/x`, { startsWith: 'main' })).toBe('error')
    expect(about(`x-${value}`, { endsWith: '-main' })).toBe('error')
    expect(about(`a ${value} b`, { contains: 'main' })).toBe('error')
    expect(about(`a/${value}/b`, { glob: 'a/main/*' })).toBe('error')
  })

  it('errs on spaces around it', () => {
    expect(about(' main ', { eq: 'main' })).toBe('error')
    expect(about('main\n', { eq: 'main' })).toBe('error')
    expect(about('\u00a0main', { notIn: ['main'] })).toBe('error')
  })

  it('errs on hidden characters next to what matches', () => {
    expect(about('release/1\u0000', { startsWith: 'release/' })).toBe('error')
    expect(about('eve@evil.com\r\n@example.com', { endsWith: '@example.com' })).toBe('error')
    expect(about('release/1\u200b', { glob: 'release/*' })).toBe('error')
    expect(about('two\nlines', { contains: 'lines' })).toBe('true')
  })

  it('tells look-alikes apart when it is told to be exact', () => {
    expect(about('Main', { eq: 'main', text: 'exact' })).toBe('false')
    expect(about('main\u0000', { eq: 'main', text: 'exact' })).toBe('false')
  })

  it('does not hold a person up for writing in another script', () => {
    expect(about('Продажи', { eq: 'main' })).toBe('false')
    expect(about('Продажи', { eq: 'Продажи' })).toBe('true')
    expect(about('résumé', { eq: 'resume' })).toBe('false')
  })

  it('folds case and width when it is told to', () => {
    expect(about('MAIN', { eq: 'main', text: 'folded' })).toBe('true')
    expect(about('\uff2d\uff21\uff29\uff2e', { eq: 'main', text: 'folded' })).toBe('true')
    expect(about('STRASSE', { eq: 'straße', text: 'folded' })).toBe('true')
    expect(about('ma\u0456n', { eq: 'main', text: 'folded' })).toBe('error')
  })

  it.each([
    ['main', 'true'],
    ['refs/heads/main', 'true'],
    ['heads/main', 'true'],
    ['feature/main', 'false'],
    ['maintenance', 'false'],
    ['Main', 'error'],
    ['refs/heads/Main', 'error'],
    ['REFS/HEADS/main', 'error'],
    ['refs/remotes/origin/main', 'error'],
    ['origin/main', 'error'],
    ['refs/tags/main', 'error'],
    ['HEAD', 'error'],
    ['@', 'error'],
    ['main~1', 'error'],
    ['main^', 'error'],
    ['main@{0}', 'error'],
    ['acme:main', 'error'],
    ['main\u0000', 'error'],
    ['main.lock', 'error'],
    ['/main', 'error'],
    ['', 'error'],
    ['3f786850e387550fdab836ed7e6dc881de23001b', 'error'],
  ])('reads %j as a branch', (value, expected) => {
    expect(about(value, { eq: 'main', text: 'branch' })).toBe(expected)
  })

  it.each([
    ['bob@example.com', 'true'],
    ['Bob@EXAMPLE.com', 'true'],
    ['bob@evil.com', 'false'],
    ['bob@notexample.com', 'false'],
    ['eve@evil.com,bob@example.com', 'error'],
    ['eve@evil.com bob@example.com', 'error'],
    ['"bob@example.com" <eve@evil.com>', 'error'],
    ['eve@evil.com\r\nbcc: x@example.com', 'error'],
    ['bob@exаmple.com', 'error'],
    ['@example.com', 'error'],
  ])('reads %j as one e-mail address', (value, expected) => {
    expect(about(value, { endsWith: '@example.com', text: 'email' })).toBe(expected)
  })

  it.each([
    ['/public/a.txt', 'true'],
    ['/private/a.txt', 'false'],
    ['/public/../private/a.txt', 'error'],
    ['/public/%2e%2e/private', 'error'],
    ['/public\\..\\private', 'error'],
    ['/public//a', 'error'],
    ['/PUBLIC/a', 'error'],
    ['/public/a\u0000.txt', 'error'],
  ])('reads %j as a path', (value, expected) => {
    expect(about(value, { startsWith: '/public/', text: 'path' })).toBe(expected)
  })

  it.each([
    ['https://api.example.com/x', 'true'],
    ['api.example.com', 'true'],
    ['API.example.com:8443', 'true'],
    ['https://example.com.evil.net/', 'false'],
    ['https://evil.net/?x=.example.com', 'false'],
    ['https://evil.net#.example.com', 'false'],
    ['https://api.example.com@evil.net/', 'error'],
    ['https:\\\\evil.net\\.example.com', 'error'],
    ['ftp://api.example.com/', 'error'],
    ['evil.net#.example.com', 'error'],
  ])('reads %j as a host', (value, expected) => {
    expect(about(value, { glob: '*.example.com', text: 'host' })).toBe(expected)
  })
})
