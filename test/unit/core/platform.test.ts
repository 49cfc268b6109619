import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../../../src/core/errors.ts'
import {
  architectureOf,
  architectures,
  findArchitecture,
  parsePlatform,
  platformOf,
  runsOn,
} from '../../../src/core/platform.ts'

test('a platform has one form, whatever people, Debian, the library and kernels call it', () => {
  const spellings: Record<string, string[]> = {
    'linux/amd64': ['linux/amd64', 'amd64', 'x86_64', 'AMD64', ' linux/amd64/v1 '],
    'linux/386': ['386', 'i386', 'i686', 'x86', 'linux/386'],
    'linux/arm64': ['arm64', 'aarch64', 'arm64v8', 'arm64/v8', 'linux/arm64/v8', 'linux/aarch64'],
    'linux/arm/v7': ['linux/arm/v7', 'linux/arm', 'arm', 'armhf', 'arm32v7', 'armv7', 'armv7l', 'armv8l'],
    'linux/arm/v6': ['linux/arm/v6', 'arm/v6', 'arm32v6', 'armv6', 'armv6l'],
    'linux/arm/v5': ['arm/v5', 'arm32v5', 'armel', 'armv5tel'],
    'linux/riscv64': ['riscv64'],
    'linux/ppc64le': ['ppc64le', 'ppc64el'],
    'linux/s390x': ['s390x'],
    'linux/mips64le': ['mips64le', 'mips64el'],
  }
  for (const [platform, names] of Object.entries(spellings))
    for (const name of names) assert.equal(parsePlatform(name), platform, name)
})

test('a word that is no platform is refused, with those there are', () => {
  for (const text of ['', 'linux', 'linux/', 'windows/amd64', 'arm/v9', 'linux/linux/arm64', 'toString'])
    assert.throws(
      () => parsePlatform(text),
      (error) => isFailure(error, 'value-invalid') && error.hint.includes('linux/arm/v7, linux/arm/v6'),
      text,
    )
  assert.equal(findArchitecture('constructor'), undefined)
  assert.throws(
    () => parsePlatform('x'.repeat(10_000)),
    (error) => isFailure(error) && error.message.length < 120,
  )
})

test('each row of the table is found again by its own names', () => {
  for (const each of architectures) {
    const { platform, goarch, variant, library, debian } = each
    assert.equal(architectureOf(platform), each)
    assert.equal(platformOf('linux', goarch, variant), platform)
    assert.equal(parsePlatform(library), platform)
    if (debian !== null) assert.equal(parsePlatform(debian), platform)
  }
})

test('the configuration of an image is understood with and without the variant that goes without saying', () => {
  assert.equal(platformOf('linux', 'arm64', 'v8'), 'linux/arm64')
  assert.equal(platformOf('linux', 'arm64'), 'linux/arm64')
  assert.equal(platformOf('linux', 'arm'), 'linux/arm/v7')
  assert.equal(platformOf('linux', 'arm', 'v6'), 'linux/arm/v6')
  assert.equal(platformOf('windows', 'amd64'), undefined)
  assert.equal(platformOf('linux', 'amd64', 'v3'), undefined, 'not every amd64 runs it')
  assert.equal(platformOf('linux', 'wasm'), undefined)
})

test('a big-endian mips is not taken for the little-endian one', () => {
  assert.equal(platformOf('linux', 'mips64'), undefined)
  assert.equal(findArchitecture('mips64'), undefined)
})

test('an older variant runs on a newer processor, and never the other way round', () => {
  const [v7, v6, v5] = [parsePlatform('arm/v7'), parsePlatform('arm/v6'), parsePlatform('arm/v5')]
  assert.deepEqual([runsOn(v7, v7), runsOn(v6, v7), runsOn(v5, v7), runsOn(v5, v6)], [true, true, true, true])
  assert.deepEqual([runsOn(v7, v6), runsOn(v6, v5), runsOn(v7, v5)], [false, false, false])
})

test('a 64-bit processor takes no 32-bit image without being told', () => {
  assert.equal(runsOn(parsePlatform('arm/v7'), parsePlatform('arm64')), false)
  assert.equal(runsOn(parsePlatform('386'), parsePlatform('amd64')), false)
})
