// Debian and a stack over it, really made for arm64 and really run there, by emulation.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildDebianStack } from './harness/debian-stack.ts'

test('a stack over Debian that nobody publishes is made for arm64', { timeout: 600_000 }, async () => {
  const suites = ['trixie', 'bookworm']
  const { suite, ground, top, builtOn, output } = await buildDebianStack({
    platform: 'linux/arm64',
    suites,
    apt: true,
  })
  for (const { platform, machine, debian } of [ground, top]) {
    assert.equal(platform, 'linux/arm64')
    assert.equal(machine, 'aarch64')
    assert.equal(debian, 'arm64')
  }
  assert.equal(builtOn, 'arm64')
  // those that are not out yet call themselves by their own name, or the next one's
  assert.ok(ground.release.startsWith(suite) || suite === 'sid', ground.release)
  assert.match(output, /Image 4 of 4: top:latest/)
})
