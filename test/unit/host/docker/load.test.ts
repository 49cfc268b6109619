import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePlatform } from '../../../../src/core/platform.ts'
import { imageConfig } from '../../../../src/host/docker/load.ts'

const facts = { platform: parsePlatform('linux/arm/v7'), created: '2026-01-01T00:00:00Z', madeBy: 'a test' }

test('a configuration says what the image is for, variant included', () => {
  const layer = { digest: 'sha256:abc', bytes: 3 }
  const config = JSON.parse(imageConfig({ ...facts, labels: { b: '2', a: '1' }, command: ['sh'] }, layer))
  assert.deepEqual([config.os, config.architecture, config.variant], ['linux', 'arm', 'v7'])
  assert.deepEqual(config.rootfs.diff_ids, ['sha256:abc'])
  assert.deepEqual(config.config, { Cmd: ['sh'], Labels: { a: '1', b: '2' } })
  assert.equal('empty_layer' in config.history[0], false)
})

test('an architecture without variants has none in its configuration', () => {
  const config = JSON.parse(imageConfig({ ...facts, platform: parsePlatform('riscv64'), labels: {} }))
  assert.equal('variant' in config, false)
  assert.deepEqual(config.rootfs.diff_ids, [])
  assert.equal(config.history[0].empty_layer, true)
})

test('labels in another order make the same configuration', () => {
  assert.equal(
    imageConfig({ ...facts, labels: { a: '1', b: '2' } }),
    imageConfig({ ...facts, labels: { b: '2', a: '1' } }),
  )
})
