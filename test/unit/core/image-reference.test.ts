import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../../../src/core/errors.ts'
import {
  familiar,
  familiarRepository,
  findImageReference,
  officialName,
  parseImageReference,
} from '../../../src/core/image-reference.ts'

const DIGEST = `sha256:${'0a'.repeat(32)}`

test('a name is read as Docker reads it: the registry and the tag may be left out', () => {
  const names: Record<string, string> = {
    node: 'docker.io library/node latest',
    'node:24-alpine': 'docker.io library/node 24-alpine',
    'docker.io/node': 'docker.io library/node latest',
    'index.docker.io/library/node:1': 'docker.io library/node 1',
    'owner/name': 'docker.io owner/name latest',
    'foo-bar/name:2': 'docker.io foo-bar/name 2',
    'foo_bar/a/b': 'docker.io foo_bar/a/b latest',
    'ghcr.io/owner/name:v1': 'ghcr.io owner/name v1',
    'localhost/name': 'localhost name latest',
    'localhost:5000/name:1': 'localhost:5000 name 1',
    'pi:5000/a/b': 'pi:5000 a/b latest',
    'Pi/name': 'Pi name latest',
    '127.0.0.1:5000/x': '127.0.0.1:5000 x latest',
    '[::1]:5000/x:y': '[::1]:5000 x y',
    '[FE80::1]/x': '[FE80::1] x latest',
    'localhost:5000': 'docker.io library/localhost 5000',
    'example.org': 'docker.io library/example.org latest',
  }
  for (const [name, wanted] of Object.entries(names)) {
    const { registry, repository, tag, digest } = parseImageReference(name)
    assert.equal([registry, repository, tag].join(' '), wanted, name)
    assert.equal(digest, null)
  }
})

test('a digest pins an image, with a tag beside it or without one', () => {
  const pinned = parseImageReference(`node@${DIGEST}`)
  assert.deepEqual([pinned.tag, pinned.digest], [null, DIGEST])
  assert.equal(familiar(pinned), `node@${DIGEST}`)
  const both = parseImageReference(`ghcr.io/owner/name:1@${DIGEST}`)
  assert.deepEqual([both.tag, both.digest], ['1', DIGEST])
  assert.equal(familiar(both), `ghcr.io/owner/name:1@${DIGEST}`)
})

test('an image is shown as people write it, its tag always there, and reads the same again', () => {
  const shown: Record<string, string> = {
    'docker.io/library/node': 'node:latest',
    'docker.io/owner/name:1': 'owner/name:1',
    'ghcr.io/owner/name': 'ghcr.io/owner/name:latest',
    'localhost:5000/a:b': 'localhost:5000/a:b',
  }
  for (const [name, wanted] of Object.entries(shown)) {
    const parsed = parseImageReference(name)
    assert.equal(familiar(parsed), wanted)
    assert.deepEqual(parseImageReference(wanted), parsed)
  }
  assert.equal(familiarRepository(parseImageReference('node:24')), 'node')
  assert.equal(familiarRepository(parseImageReference('localhost:5000/a:b')), 'localhost:5000/a')
})

test('official is what lies in the library of Docker Hub, and nothing that only looks like it', () => {
  assert.equal(officialName(parseImageReference('node:24')), 'node')
  assert.equal(officialName(parseImageReference('library/node')), 'node')
  for (const name of ['owner/node', 'ghcr.io/library/node', 'localhost/node', 'mylibrary/node'])
    assert.equal(officialName(parseImageReference(name)), undefined, name)
})

test('what is no name of an image is refused', () => {
  const bad = [
    '',
    ' node',
    'node ',
    'node\n',
    'Node',
    'node:',
    'node:-1',
    `node:${'x'.repeat(129)}`,
    'node@sha256:abc',
    `node@md5:${'0a'.repeat(32)}`,
    '/node',
    'owner//name',
    'owner/name/',
    'own___er/name',
    '-owner/name',
    'owner-/name',
    'owner./name',
    'registry-.example.org/name',
    'https://example.org/name',
    '../etc/passwd',
    '$IMAGE',
    'node --rm',
    'a/'.repeat(400),
  ]
  for (const name of bad) assert.equal(findImageReference(name), undefined, JSON.stringify(name))
  assert.throws(
    () => parseImageReference('Node:24'),
    (error) => isFailure(error, 'value-invalid') && error.hint.includes('node:24-alpine'),
  )
})
