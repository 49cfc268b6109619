import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseGitmodules, refusedUrl } from '../../../../src/host/git/tree-gitmodules.ts'

test('reads paths and URLs of submodules, whose names may have dots', () => {
  const output =
    'submodule.a.b.path\nlib/a\0submodule.a.b.url\nhttps://x/a\0submodule.half.path\ny\0core.x\ny\0'
  assert.deepEqual(parseGitmodules(output), [{ path: 'lib/a', url: 'https://x/a' }])
})

test('lets the usual forms of a URL through', () => {
  for (const url of [
    'https://example.org/a.git',
    'http://127.0.0.1:80/a',
    'git://h/a',
    'ssh://git@h:22/a',
    'git@h:a/b.git',
    'h:a',
  ])
    assert.equal(refusedUrl(url), undefined, url)
})

test('refuses options, helpers, paths and other protocols', () => {
  for (const url of [
    '--upload-pack=id',
    '-x',
    'ext::sh -c id',
    'file:///etc',
    '/etc',
    '../x',
    './x',
    'ftp://h/a',
    'https://-x',
    'ssh://-oProxyCommand=id/x',
    '-oProxyCommand=id:x',
    'https://h/a b',
    'a\nb:c',
    'x'.repeat(3000),
  ])
    assert.notEqual(refusedUrl(url), undefined, url)
})
