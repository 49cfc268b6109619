import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Diagnosis } from '../../../../src/receiver/git/diagnosis.ts'

test('a pack over the limit is told from git’s words, even when they come in two pieces', () => {
  const diagnosis = new Diagnosis()
  diagnosis.watch(Buffer.from('fatal: pack exceeds maxi'))
  assert.equal(diagnosis.error(2 ** 20), undefined)
  diagnosis.watch(Buffer.from('mum allowed size\n'))
  assert.match(diagnosis.error(2 ** 20)?.message ?? '', /larger than 1.0 MiB/)
})

test('a sentence that git cut into packets of progress is put together', () => {
  const diagnosis = new Diagnosis()
  diagnosis.watch(Buffer.from('0085\u0002error: missing email\nfatal: fsck 001c'))
  diagnosis.watch(Buffer.from('\u0002error in packed object\n'))
  assert.equal(diagnosis.error(1)?.code, 'push-broken')
})

test('damaged objects are told apart, and other words say nothing', () => {
  const broken = new Diagnosis()
  broken.watch(Buffer.from('error: object 12: fsck error: missingEmail'))
  assert.equal(broken.error(1)?.code, 'push-broken')
  const fine = new Diagnosis()
  fine.watch(Buffer.from('unpack ok'))
  assert.equal(fine.error(1), undefined)
})
