import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ground } from '../../../../src/builder/scratch/grounds.ts'
import { type BuildInputs, buildKey, groundKey, pullKey } from '../../../../src/builder/scratch/key.ts'
import { parsePlatform } from '../../../../src/core/platform.ts'

const TODAY = '2026-11-24'
const inputs: BuildInputs = {
  dockerfile: 'FROM debian:trixie\n',
  context: 'c1',
  platform: parsePlatform('arm64'),
  bases: { 'debian:trixie|': 'sha256:1', 'node:24|linux/amd64': 'sha256:2' },
}
const ground: Ground = {
  kind: 'debian',
  suite: 'trixie',
  slim: true,
  platform: parsePlatform('arm64'),
  date: TODAY,
}

test('the same inputs have the same key, in whatever order the bases are told', () => {
  const bases = { 'node:24|linux/amd64': 'sha256:2', 'debian:trixie|': 'sha256:1' }
  assert.equal(buildKey({ ...inputs, bases }), buildKey(inputs))
  assert.match(buildKey(inputs), /^[0-9a-f]{32}$/, 'it is part of a tag, and has no dash')
})

test('whatever goes into an image is in its key', () => {
  const others: Partial<BuildInputs>[] = [
    { dockerfile: 'FROM debian:trixie\n\n' },
    { context: 'c2' },
    { platform: parsePlatform('arm/v7') },
    { bases: { ...inputs.bases, 'debian:trixie|': 'sha256:3' } },
    { bases: { 'debian:trixie|': 'sha256:1' } },
    { bases: { 'debian:trixie|': 'sha256:2', 'node:24|linux/amd64': 'sha256:1' } },
  ]
  const keys = [buildKey(inputs), ...others.map((other) => buildKey({ ...inputs, ...other }))]
  assert.equal(new Set(keys).size, keys.length)
})

test('what is put together differently is not the same, though its letters are', () => {
  const split = buildKey({ ...inputs, dockerfile: 'ab', context: 'c' })
  assert.notEqual(split, buildKey({ ...inputs, dockerfile: 'a', context: 'bc' }))
})

test('a ground stays from day to day, unless its name has the day', () => {
  const tomorrow = '2026-11-25'
  assert.equal(groundKey(ground, '', TODAY), groundKey({ ...ground, date: tomorrow }, '', tomorrow))
  const dated = { ...ground, date: '2026-08-03' }
  assert.notEqual(groundKey(dated, '', TODAY), groundKey(ground, '', TODAY))
  assert.equal(groundKey(dated, '', TODAY), groundKey(dated, '', tomorrow))
})

test('a ground of another suite, form, platform or mirror is another one', () => {
  const others: Partial<Ground>[] = [
    { suite: 'bookworm' },
    { kind: 'ubuntu' },
    { slim: false },
    { platform: parsePlatform('riscv64') },
  ]
  const keys = others.map((other) => groundKey({ ...ground, ...other }, '', TODAY))
  keys.push(groundKey(ground, '', TODAY), groundKey(ground, 'http://mirror.example.org', TODAY))
  assert.equal(new Set(keys).size, keys.length)
})

test('one digest is fetched for each platform apart', () => {
  const [arm, amd] = [parsePlatform('arm64'), parsePlatform('amd64')]
  assert.notEqual(pullKey('sha256:1', arm), pullKey('sha256:1', amd))
  assert.notEqual(pullKey('sha256:1', arm), pullKey('sha256:2', arm))
})
