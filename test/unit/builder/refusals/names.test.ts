import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foreignArchitecture, namedArchitectures } from '../../../../src/builder/refusals/names.ts'
import { architectureOf, parsePlatform } from '../../../../src/core/platform.ts'

test('names of architectures are found between other letters, not inside of words', () => {
  assert.deepEqual(namedArchitectures('node-v24-linux-x64.tar.xz'), ['amd64'])
  assert.deepEqual(namedArchitectures('tool_1.2_Linux_x86_64.zip'), ['amd64'])
  assert.deepEqual(namedArchitectures('x86/tool'), ['i386'])
  assert.deepEqual(namedArchitectures('riscv64gc-unknown-linux-gnu'), ['riscv64'])
  assert.deepEqual(namedArchitectures('charm-search-harm64x.tar.gz'), [])
})

test('what names several architectures, ours among them, is not foreign', () => {
  const arm = architectureOf(parsePlatform('arm/v7'))
  assert.equal(foreignArchitecture('tool-amd64-armhf.deb', arm), undefined)
  assert.equal(foreignArchitecture('tool-armv5.deb', arm), undefined)
  assert.equal(foreignArchitecture('tool-aarch64.deb', arm), 'arm64v8')
  assert.equal(foreignArchitecture('tool.deb', arm), undefined)
})
