import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatDuration, formatSize, parseDuration, parseSize } from '../../../src/core/units.ts'

test('sizes count in powers of 1024, as Docker does', () => {
  assert.equal(parseSize('512m'), 512 * 2 ** 20)
  assert.equal(parseSize('1.5G'), 1.5 * 2 ** 30)
  assert.equal(parseSize('4096'), 4096)
  assert.equal(formatSize(1536 * 2 ** 20), '1.5 GiB')
  for (const text of ['', 'm', '-1', '1x', '1 000']) assert.throws(() => parseSize(text), text)
})

test('durations are milliseconds, and a bare number is seconds', () => {
  assert.equal(parseDuration('30'), 30_000)
  assert.equal(parseDuration('250ms'), 250)
  assert.equal(parseDuration('60m'), 3_600_000)
  assert.equal(formatDuration(200_000), '3 m 20 s')
  for (const text of ['', 's', '-1s', '1w']) assert.throws(() => parseDuration(text), text)
})
