import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../../../src/core/errors.ts'
import { isCommit, parseGitSource } from '../../../src/core/image-source.ts'

const COMMIT = 'dbddc3f1'.repeat(5)

test('a source is an address, and may name a branch, tag or commit and a folder behind a #', () => {
  const forms: Record<string, [string, string | undefined, string]> = {
    'https://example.org/a.git': ['https://example.org/a.git', undefined, '.'],
    'https://example.org/a.git#': ['https://example.org/a.git', undefined, '.'],
    'https://example.org/a#main': ['https://example.org/a', 'main', '.'],
    'https://example.org/a#v1.2:docker/armhf': ['https://example.org/a', 'v1.2', 'docker/armhf'],
    'https://example.org/a#:docker': ['https://example.org/a', undefined, 'docker'],
    'https://example.org/a#main:./docker//x/': ['https://example.org/a', 'main', 'docker/x'],
    'https://example.org/a#main:.': ['https://example.org/a', 'main', '.'],
    [`git://127.0.0.1:9418/a#${COMMIT}`]: ['git://127.0.0.1:9418/a', COMMIT, '.'],
    'ssh://git@example.org:22/a.git#feature/x': ['ssh://git@example.org:22/a.git', 'feature/x', '.'],
    'git@example.org:owner/a.git#main': ['git@example.org:owner/a.git', 'main', '.'],
    'http://[::1]/a': ['http://[::1]/a', undefined, '.'],
  }
  for (const [text, [url, ref, directory]] of Object.entries(forms))
    assert.deepEqual(parseGitSource(text), { url, ref, directory }, text)
})

const refuses = (text: string, rule: RegExp) =>
  assert.throws(
    () => parseGitSource(text),
    (error) => isFailure(error, 'value-invalid') && rule.test(error.hint),
    JSON.stringify(text),
  )

test('helpers, options, paths of this machine and addresses that are none are refused', () => {
  const bad = [
    '',
    '/srv/git/a',
    './a',
    'file:///srv/git/a',
    'ext::sh -c id',
    'ext::sh',
    '--upload-pack=id',
    '-u@example.org:a',
    'user@-oProxyCommand=id:a',
    'https://-x/a',
    'https://example.org/a b',
    'https://example.org/\0',
    'https://example.org/\x1b[31m',
    'git@example.org:\0',
    'ftp://example.org/a',
    `https://example.org/${'x'.repeat(1000)}`,
  ]
  for (const text of bad) refuses(text, /https, http, git or ssh/)
})

test('a ref that git does not allow is refused, and so is one that would be an option', () => {
  for (const ref of ['-x', '--exec', 'a..b', 'a b', 'a^', 'a~1', 'x.lock', '/a', 'a@{1}', 'a\0'])
    refuses(`https://example.org/a#${ref}`, /a branch, a tag or a commit/)
})

test('a folder outside of the repository is refused', () => {
  for (const directory of ['/etc', '..', 'a/../../b', './..'])
    refuses(`https://example.org/a#main:${directory}`, /inside the repository/)
})

test('a commit is told from a branch by its length and digits', () => {
  assert.ok(isCommit(COMMIT))
  assert.ok(isCommit('a'.repeat(64)))
  for (const ref of ['main', COMMIT.slice(1), COMMIT.toUpperCase(), `${COMMIT}\n`, 'a'.repeat(50)])
    assert.ok(!isCommit(ref), ref)
})
