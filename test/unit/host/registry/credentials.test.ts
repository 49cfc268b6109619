import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../../../../src/core/errors.ts'
import { parseServer } from '../../../../src/host/registry/credentials.ts'

test('every name of Docker Hub is one', () => {
  for (const name of [
    'docker.io',
    'Docker.IO',
    'index.docker.io',
    'https://index.docker.io/v1/',
    'registry-1.docker.io',
    'https://registry-1.docker.io/v2/',
    'hub.docker.com',
  ])
    assert.equal(parseServer(name), 'docker.io', name)
})

test('a registry is its host and port, whatever stands around them', () => {
  assert.equal(parseServer('ghcr.io'), 'ghcr.io')
  assert.equal(parseServer('https://ghcr.io/'), 'ghcr.io')
  assert.equal(parseServer(' http://Registry.example.org:5000/v2 '), 'registry.example.org:5000')
  assert.equal(parseServer('localhost:5000'), 'localhost:5000')
  assert.equal(parseServer('[::1]:5000'), '[::1]:5000')
})

test('what is no host is refused', () => {
  for (const bad of [
    '',
    'ghcr.io/owner',
    'user:word@ghcr.io',
    'ftp://ghcr.io',
    '-x',
    'a b',
    'a..b',
    'x:123456',
    'a'.repeat(300),
    '--password-stdin',
  ])
    assert.throws(
      () => parseServer(bad),
      (error) => isFailure(error, 'value-invalid'),
      bad,
    )
})
