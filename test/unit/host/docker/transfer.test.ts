import assert from 'node:assert/strict'
import { test } from 'node:test'
import { progressLine } from '../../../../src/host/docker/transfer.ts'

test('progress says how much of how much came, and never more than all of it', () => {
  assert.equal(progressLine(12 * 2 ** 20, 48 * 2 ** 20), '12.0 MiB of 48.0 MiB (25 %)')
  assert.equal(progressLine(47.9 * 2 ** 20, 48 * 2 ** 20), '47.9 MiB of 48.0 MiB (99 %)')
  assert.equal(progressLine(3000, 2048), '2.0 KiB of 2.0 KiB (100 %)')
  assert.equal(progressLine(0, 0), '0 B of 0 B (100 %)')
})
