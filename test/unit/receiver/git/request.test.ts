import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../../../../src/core/errors.ts'
import { parseExecLine } from '../../../../src/receiver/exec-line.ts'
import { parseGitService } from '../../../../src/receiver/git/request.ts'

test('every form of a path that git sends leads to the app', () => {
  for (const path of ['app', '/app', 'app.git', '/app.git', '~/app', '~/app.git', 'app/', '/app.git/']) {
    assert.deepEqual(
      parseGitService(['git-receive-pack', path]),
      { service: 'git-receive-pack', app: 'app' },
      path,
    )
  }
})

test('all three services are known, in both spellings', () => {
  for (const service of ['git-receive-pack', 'git-upload-pack', 'git-upload-archive'] as const) {
    assert.deepEqual(parseGitService(parseExecLine(`${service} '/my-app'`)), { service, app: 'my-app' })
    assert.deepEqual(parseGitService(['git', service.slice(4), 'my-app']), { service, app: 'my-app' })
  }
})

test('other commands are not for git', () => {
  for (const words of [
    [],
    ['apps:list'],
    ['git'],
    ['git', 'log'],
    ['git-lfs-authenticate', 'app'],
    ['git-shell'],
  ]) {
    assert.equal(parseGitService(words), undefined, words.join(' '))
  }
})

test('names that are no app are refused with the rule', () => {
  const names = [
    '../../x',
    'a;id',
    '-rf',
    '$(id)',
    'a'.repeat(300),
    'größe',
    '',
    '/',
    '.git',
    'a/b',
    '//app',
    'App',
    '~root/app',
    'a\nb',
    '--help',
  ]
  for (const name of names) {
    assert.throws(
      () => parseGitService(['git-receive-pack', name]),
      (error) => isFailure(error, 'app-name-invalid') && error.hint.includes('lowercase'),
      name,
    )
  }
})

test('a service wants exactly one app', () => {
  assert.throws(
    () => parseGitService(['git-receive-pack']),
    (error) => isFailure(error, 'usage'),
  )
  assert.throws(
    () => parseGitService(['git-upload-pack', '--strict', 'app']),
    (error) => isFailure(error, 'usage'),
  )
})
