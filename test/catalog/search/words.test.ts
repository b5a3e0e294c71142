import { expect, test } from 'vitest'
import { askedWords, stem, wordsOf } from '../../../src/catalog/search/words.ts'

test.each([
  ['GitHub_CreatePullRequest', ['git', 'hub', 'creat', 'pull', 'request', 'github', 'pullrequest']],
  ['list_open-issues', ['list', 'open', 'issu']],
  ['HTTPServer2Logs', ['http', 'server2', 'log']],
  ['conversations.history', ['conversation', 'history']],
  ['Kalender anlegen — Größe', ['kalender', 'größ']],
])('splits %s', (text, words) => {
  expect(wordsOf(text)).toEqual(expect.arrayContaining(words))
})

test.each([
  [['issue', 'issues'], 'issu'],
  [['create', 'creates', 'created', 'creating'], 'creat'],
  [['repository', 'repositories'], 'repository'],
  [['merge', 'merged', 'merging'], 'merg'],
  [['stop', 'stops', 'stopped', 'stopping'], 'stop'],
  [['search', 'searches', 'searching'], 'search'],
  [['status'], 'status'],
  [['address'], 'address'],
  [['thing'], 'thing'],
])('takes %j for one word', (forms, expected) => {
  expect(forms.map(stem)).toEqual(forms.map(() => expected))
})

test('leaves out what says nothing, unless nothing else is there', () => {
  expect(askedWords('Please show me what is in my inbox')).toEqual(['show', 'inbox'])
  expect(askedWords('what is this')).toEqual(['what', 'is', 'this'])
})
