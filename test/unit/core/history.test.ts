import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAppName, type Release, type ReleaseState } from '../../../src/core/app.ts'
import { keptImages, rollbackTarget } from '../../../src/core/history.ts'

const release = (
  number: number,
  state: ReleaseState,
  image: string | null = `sha256:${number}`,
): Release => ({
  app: parseAppName('shop'),
  number,
  state,
  cause: 'push',
  commit: 'c'.repeat(40),
  image,
  config: {},
  processes: [],
  port: null,
  who: 'tester',
  createdAt: '',
  endedAt: null,
  note: '',
})

const past = [
  release(6, 'building', null),
  release(5, 'failed'),
  release(4, 'live'),
  release(3, 'failed', null),
  release(2, 'superseded'),
  release(1, 'superseded'),
]

test('the images of the last releases that ran are kept, those that failed do not count', () => {
  assert.deepEqual(keptImages(past, 2), new Set(['sha256:4', 'sha256:2']))
  assert.deepEqual(keptImages(past, 9), new Set(['sha256:4', 'sha256:2', 'sha256:1']))
})

test('a rollback goes to the release that ran before, or to the one that is named', () => {
  assert.deepEqual(rollbackTarget(past, undefined), { target: past[4] })
  assert.deepEqual(rollbackTarget(past, 1), { target: past[5] })
})

test('it does not go to the live one, to one that failed, or to one that is not there', () => {
  assert.deepEqual(rollbackTarget(past, 4), { why: ': release 4 is live' })
  assert.deepEqual(rollbackTarget(past, 5), { why: ': release 5 ended as failed' })
  assert.deepEqual(rollbackTarget(past, 9), { why: ': there is no release 9' })
  assert.deepEqual(rollbackTarget([release(1, 'live')], undefined), { why: '' })
})
