import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProgressMessage } from '../../../../src/host/docker/progress.ts'
import { PullProgress } from '../../../../src/host/docker/pull-progress.ts'

const MiB = 2 ** 20

function begin() {
  let time = 0
  const progress = new PullProgress(() => time)
  const say = (id: string, status: string, current?: number, total?: number) => {
    const message: ProgressMessage = { id, status }
    if (current !== undefined) message.progressDetail = { current, total }
    return progress.take(message)
  }
  return { progress, say, pass: (seconds: number) => (time += seconds * 1000) }
}

test('a pull tells now and then how far it is, with a share once every size is known', () => {
  const { progress, say, pass } = begin()
  assert.equal(say('latest', 'Pulling from library/x'), undefined)
  for (const id of ['a', 'b', 'c']) say(id, 'Pulling fs layer')
  say('c', 'Already exists')
  assert.equal(say('a', 'Downloading', MiB, 4 * MiB), undefined, 'it is early yet')
  pass(3)
  assert.equal(say('a', 'Downloading', 2 * MiB, 4 * MiB), '2.0 MiB, 0 of 2 layers')
  assert.equal(say('b', 'Downloading', 0, 4 * MiB), undefined)
  pass(3)
  assert.equal(say('b', 'Downloading', 2 * MiB, 4 * MiB), '4.0 MiB of 8.0 MiB (50 %), 0 of 2 layers')
  pass(3)
  assert.equal(say('b', 'Downloading', 2 * MiB, 4 * MiB), undefined, 'nothing moved')
  say('a', 'Download complete')
  say('b', 'Verifying Checksum')
  pass(3)
  assert.equal(say('a', 'Extracting', 1, 2), 'unpacked 0 of 2 layers')
  say('a', 'Pull complete')
  pass(3)
  assert.equal(say('b', 'Pull complete'), 'unpacked 2 of 2 layers')
  assert.equal(progress.summary, 'Downloaded 2 layers, 8.0 MiB')
})

test('a pull that has nothing to do says so', () => {
  const { progress, say, pass } = begin()
  pass(10)
  assert.equal(say('latest', 'Pulling from library/x'), undefined)
  say('a', 'Already exists')
  assert.equal(progress.summary, 'Nothing to download: every layer is there')
})

test('layers whose size was never told are counted, not weighed', () => {
  const { progress, say } = begin()
  say('a', 'Pulling fs layer')
  say('a', 'Pull complete')
  assert.equal(progress.summary, 'Downloaded 1 layer')
})
