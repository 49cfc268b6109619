import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Dockerignore } from '../../../src/builder/dockerignore.ts'

const select = (text: string, path: string) =>
  new Dockerignore(text, '.dockerignore', ['Dockerfile']).select(path)

// each seen with the classic builder of the Docker CLI 28.2
const ignored: [string, string[], string[]][] = [
  ['*.log', ['b.log'], ['src/b.log', 'a']],
  ['**/*.log', ['b.log', 'src/b.log'], ['a']],
  ['/src', ['src', 'src/a'], ['src2/a']],
  ['src/', ['src', 'src/deep/a'], ['src2']],
  ['src/**/a', ['src/a', 'src/deep/a'], ['a', 'src/b']],
  ['q/**/e', ['q/w/e', 'q/w/e/r'], ['q/w']],
  ['*/a', ['src/a'], ['a', 'src/deep/a']],
  ['a?b', ['aXb'], ['ab', 'a/b']],
  ['d.e', ['d.e/f'], ['dXe']],
  ['c++', ['c++'], ['ccc']],
  ['lib/\\[z]', ['lib/[z]'], ['lib/z']],
  ['[a-c]', ['b'], ['d']],
  ['[^a]', ['b'], ['a']],
  ['# src\n\n  a  \r\n', ['a'], ['src', '# src']],
  ['src/../docs', ['docs/x'], ['src']],
  ['\uFEFFa', ['a'], []],
]
for (const [text, out, kept] of ignored) {
  test(`${JSON.stringify(text)} leaves out what Docker leaves out`, () => {
    for (const path of out) assert.notEqual(select(text, path), 'send', path)
    for (const path of kept) assert.equal(select(text, path), 'send', path)
  })
}

test('the last pattern that matches decides', () => {
  assert.equal(select('docs/*\n!docs/keep.md', 'docs/keep.md'), 'send')
  assert.equal(select('!a\na', 'a'), 'omit')
  assert.equal(select('a\n!a\na', 'a'), 'omit')
  assert.notEqual(select('src/deep\n!src', 'src/deep/a'), 'send')
})

test('an ignored folder is looked into only when an exception may match inside', () => {
  assert.equal(select('*\n!src/deep/a', 'src'), 'look-inside')
  assert.equal(select('*\n!src/deep/a', 'src/deep'), 'look-inside')
  assert.equal(select('*\n!src/deep/a', 'docs'), 'omit')
  assert.equal(select('*\n!**/keep.md', 'docs'), 'look-inside')
  assert.equal(select('*\n!**/keep.md', 'docs/keep.md'), 'send')
  assert.equal(select('node_modules', 'node_modules'), 'omit')
})

test('the Dockerfile is sent whatever the patterns say', () => {
  assert.equal(select('**', 'Dockerfile'), 'send')
  assert.equal(select('**', 'other'), 'omit')
})

test('a file may have the name of a property of every object', () => {
  assert.equal(select('a', 'constructor'), 'send')
  assert.equal(select('__proto__', '__proto__'), 'omit')
})

test('a pattern made to take for ever does not', () => {
  const start = performance.now()
  select(`${'**/'.repeat(40)}x\n${'*a'.repeat(60)}b`, `${'a/'.repeat(200)}${'a'.repeat(2000)}`)
  assert.ok(performance.now() - start < 2000)
})

test('an unclosed class is refused with its line', () => {
  assert.throws(() => select('ok\n[a', 'x'), /\.dockerignore line 2/)
})
