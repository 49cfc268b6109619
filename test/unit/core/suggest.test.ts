import assert from 'node:assert/strict'
import { test } from 'node:test'
import { distance, suggestion } from '../../../src/core/suggest.ts'

test('a swapped pair of letters is one mistake', () => {
  assert.equal(distance('apps:lsit', 'apps:list'), 1)
  assert.equal(distance('', 'abc'), 3)
  assert.equal(distance('same', 'same'), 0)
})

test('the nearest word is suggested, and nothing when none is near', () => {
  const words = ['apps:list', 'apps:create', 'logs']
  assert.equal(suggestion('app:list', words), 'apps:list')
  assert.equal(suggestion('log', words), 'logs')
  assert.equal(suggestion('postgres:create', words), undefined)
  assert.equal(suggestion('a'.repeat(1_000_000), words), undefined)
})
