import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseEnvFile } from '../../../src/commands/env-file.ts'
import { isFailure } from '../../../src/core/errors.ts'

test('bare values are taken as they stand to the end of the line', () => {
  assert.deepEqual(parseEnvFile('A=1\n# a comment\n\n  B = two words # kept\r\nexport C=\nURL=a?b=c#d'), {
    A: '1',
    B: 'two words # kept',
    C: '',
    URL: 'a?b=c#d',
  })
})

test('values in quotes keep spaces and lines, and are joined as a shell does', () => {
  const text = `A='it'\\''s'\nB="two\nlines" # comment\nC='a"b'"c'd"e\nD="\\$HOME \\"x\\" \\\\ \\n"\nE='\\n'\n`
  assert.deepEqual(parseEnvFile(text), {
    A: "it's",
    B: 'two\nlines',
    C: 'a"bc\'de',
    D: '$HOME "x" \\ \n',
    E: '\\n',
  })
})

test('a name that every object has is a name like others', () => {
  const values = parseEnvFile('__proto__=1\nconstructor=2\n')
  assert.deepEqual(Object.entries(values), [
    ['__proto__', '1'],
    ['constructor', '2'],
  ])
})

test('what cannot be read is refused with its line, and without its value', () => {
  const problem = (text: string) => {
    try {
      parseEnvFile(text)
    } catch (error) {
      if (isFailure(error)) return error.message
      throw error
    }
    return 'nothing'
  }
  assert.equal(problem('A=1\nsecret'), 'invalid environment file, line 2: there is no "="')
  assert.equal(problem("A='secret"), 'invalid environment file, line 1: a quote is not closed')
  assert.equal(problem('A="secret" b'), 'invalid environment file, line 1: there is text after the value')
  assert.equal(problem('A\nB=1'), 'invalid environment file, line 1: there is no "="')
  assert.equal(problem('2A=1'), 'invalid variable name "2A"')
})

test('a megabyte of escapes is read in less than a second', () => {
  const began = performance.now()
  assert.equal(parseEnvFile(`A="${'\\"'.repeat(2 ** 19)}"`).A?.length, 2 ** 19)
  assert.ok(performance.now() - began < 1000)
})
