import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchesPattern, replacePattern, trimPattern } from '../../../../src/builder/dockerfile/pattern.ts'

test('patterns match as a shell matches', () => {
  const yes = [
    ['*', ''],
    ['a*b', 'axxb'],
    ['arm*', 'armhf'],
    ['?', 'x'],
    ['[a-c][!x]', 'by'],
    ['\\*', '*'],
    ['[', '['],
    ['**a', 'bca'],
  ]
  const no = [
    ['a', 'ab'],
    ['a*b', 'axx'],
    ['?', ''],
    ['[a-c]', 'd'],
    ['\\*', 'x'],
  ]
  for (const [pattern = '', text = ''] of yes) assert.ok(matchesPattern(pattern, text), `${pattern} ${text}`)
  for (const [pattern = '', text = ''] of no) assert.ok(!matchesPattern(pattern, text), `${pattern} ${text}`)
})

test('the shortest and the longest match come off either end', () => {
  assert.equal(trimPattern('*-', 'musl-linux-amd64', 'start', true), 'amd64')
  assert.equal(trimPattern('*-', 'musl-linux-amd64', 'start', false), 'linux-amd64')
  assert.equal(trimPattern('-*', 'a-b-c', 'end', true), 'a')
  assert.equal(trimPattern('-*', 'a-b-c', 'end', false), 'a-b')
  assert.equal(trimPattern('x', 'abc', 'end', true), 'abc')
})

test('one match or all are replaced, the longest first', () => {
  assert.equal(replacePattern('b*', 'abc', 'Z', false), 'aZ')
  assert.equal(replacePattern('o', 'foo', '0', true), 'f00')
  assert.equal(replacePattern('o', 'foo', '0', false), 'f0o')
})

test('a pattern of stars costs the square of the text and no more', () => {
  const before = performance.now()
  trimPattern(`${'*a'.repeat(25)}b`, 'a'.repeat(200), 'end', true)
  assert.ok(performance.now() - before < 2000)
})
