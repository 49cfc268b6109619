import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordsOfUploads } from '../../../../src/host/docker/build-cache.ts'

const record = (ID: string, Description: string, Size: number, rest: object = {}) => ({
  ID,
  Description,
  Size,
  Parent: '',
  InUse: false,
  Shared: false,
  CreatedAt: '2026-01-01T00:00:01.5Z',
  ...rest,
})
const start = Date.parse('2026-01-01T00:00:00Z')
const upload = { tar: 3072, files: 60, from: start, until: start + 2000 }

test('knows the two records of an upload by size and time', () => {
  const records = [record('a', 'http url http://build-context-x', 3072), record('b', 'fileop target', 60)]
  assert.deepEqual(recordsOfUploads(records, [upload]), ['a', 'b'])
  assert.deepEqual(recordsOfUploads(records, []), [])
})

test('leaves what is in use, part of an image, of another size or another time', () => {
  const url = 'http url http://build-context-x'
  const records = [
    record('a', url, 3072, { InUse: true }),
    record('b', 'fileop target', 60, { Shared: true }),
    record('c', 'fileop target', 60, { Parent: 'p' }),
    record('d', url, 60),
    record('e', url, 3072, { CreatedAt: '2026-01-01T00:00:03Z' }),
    record('f', 'mount / from exec', 60),
  ]
  assert.deepEqual(recordsOfUploads(records, [upload]), [])
})
