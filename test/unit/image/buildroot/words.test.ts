import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../../../../src/core/errors.ts'
import { explainFailure } from '../../../../src/image/buildroot/words.ts'

const step = { package: 'git', version: '2', step: 'Building' }
const explain = (...lines: string[]) => {
  const error = explainFailure(lines, step, '/w/compile.log')
  return { error, text: `${error.message} | ${error.hint}` }
}

test('a full disk is a full disk, whatever make says after it', () => {
  const { error, text } = explain('cc1: error: x.o: No space left on device', 'make: *** [git] Error 1')
  assert.ok(isFailure(error, 'disk-full'))
  assert.match(text, /the disk is full: git: .*what was finished is kept/)
})

test('what this machine lacks is said at once, all of it', () => {
  const { text } = explain(
    "You must install 'rsync' on your build machine",
    "You must install 'cpio' on your build machine",
  )
  assert.match(text, /this machine lacks rsync, cpio/)
})

test('a wrong archive, an unknown one, a network that is not there', () => {
  assert.match(explain('ERROR: git-2.tar.xz has wrong sha256 hash:').text, /fetches it again/)
  assert.match(explain('ERROR: No hash found for linux-1.tar.gz').text, /buildroot_patches/)
  assert.match(
    explain('wget: unable to resolve host address').text,
    /check the network; make compile goes on there/,
  )
})

test('else the compiler speaks, not the make around it', () => {
  const { error, text } = explain(
    'x.c:1: error: what is this',
    'make[2]: *** [x.o] Error 1',
    'make: Leaving directory',
  )
  assert.ok(isFailure(error, 'compile-failed'))
  assert.match(
    text,
    /git could not be compiled: it failed while building: x\.c:1: error: what is this \| .*\/w\/compile\.log/,
  )
  assert.match(explain('RPC is not there', 'make: Leaving', 'make: *** Error 1').text, /: RPC is not there/)
  assert.match(explain().text, /it said nothing/)
})
