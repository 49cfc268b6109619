import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../../../src/core/errors.ts'
import { parseExecLine } from '../../../src/receiver/exec-line.ts'

test('words are separated by blanks and quoted as in a POSIX shell', () => {
  assert.deepEqual(parseExecLine(''), [])
  assert.deepEqual(parseExecLine(' \t\n'), [])
  assert.deepEqual(parseExecLine('apps:list'), ['apps:list'])
  assert.deepEqual(parseExecLine("git-receive-pack '/app.git'"), ['git-receive-pack', '/app.git'])
  assert.deepEqual(parseExecLine(`a "b c" 'd e' f\\ g ''`), ['a', 'b c', 'd e', 'f g', ''])
  assert.deepEqual(parseExecLine(`KEY="a 'b' \\"c\\" \\\\ \\$d \\\`e\\\` \\n"`), [
    'KEY=a \'b\' "c" \\ $d `e` \\n',
  ])
  assert.deepEqual(parseExecLine(`'it'\\''s'`), ["it's"])
  assert.deepEqual(parseExecLine(`a\\\nb "c\\\nd"`), ['ab', 'cd'])
  assert.deepEqual(parseExecLine(`'two\nlines\tand a tab'`), ['two\nlines\tand a tab'])
})

test('nothing is expanded: the characters of a shell are ordinary', () => {
  const words = ['$(id)', '`id`', 'a;id', 'a|b', '&', '*', '~', '#x', '<x', '$HOME', '{a,b}', '!!']
  assert.deepEqual(parseExecLine(words.join(' ')), words)
})

test('a line that cannot be read is refused and the problem is named', () => {
  const cases: [string, RegExp][] = [
    [`'open`, /' is never closed/],
    [`a "open`, /" is never closed/],
    ['a\\', /backslash/],
    ['a\0b', /control character/],
    ["'a\0b'", /control character/],
    ['a\u001b[2Jb', /control character/],
    ['a\rb', /control character/],
    ['a'.repeat(64 * 1024 + 1), /longer than/],
    ['ü'.repeat(40_000), /longer than/],
  ]
  for (const [line, problem] of cases) {
    assert.throws(
      () => parseExecLine(line),
      (error) => isFailure(error, 'exec-line-invalid') && error.exit === 2 && problem.test(error.message),
    )
  }
  assert.deepEqual(parseExecLine('a'.repeat(64 * 1024)), ['a'.repeat(64 * 1024)])
})

/** As git quotes (quote.c, sq_quote_buf). */
const single = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`
const double = (word: string) => `"${word.replace(/["\\$`]/g, '\\$&')}"`
const backslashes = (word: string) =>
  word === '' ? "''" : word.replace(/[^A-Za-z0-9]/g, (char) => (char === '\n' ? `'\n'` : `\\${char}`))

test('any words come back as they were, however they were quoted', () => {
  const alphabet = [...`ab1 '"\\$\`;|&*~#\t\n-=ü`, '\u{1f600}']
  let seed = 42
  const random = (limit: number) => {
    // a small generator with a fixed seed (numerical recipes), so that a failure can be seen again
    seed = (seed * 1664525 + 1013904223) >>> 0
    return Math.floor((seed / 2 ** 32) * limit)
  }
  const quotings = [single, double, backslashes]
  for (let round = 0; round < 2000; round++) {
    const words = Array.from({ length: random(5) }, () =>
      Array.from({ length: random(8) }, () => alphabet[random(alphabet.length)]).join(''),
    )
    const line = words.map((word) => quotings[random(quotings.length)]?.(word)).join(' ')
    assert.deepEqual(parseExecLine(line), words, JSON.stringify(line))
  }
})
