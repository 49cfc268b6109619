// Debian and a stack over it, really made for armv7 and really run there, by emulation.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildDebianStack } from './harness/debian-stack.ts'

test('a stack over Debian that nobody publishes is made for armv7', { timeout: 600_000 }, async () => {
  const suites = ['trixie', 'bookworm']
  const { suite, ground, top, builtOn, output } = await buildDebianStack({
    platform: 'linux/arm/v7',
    suites,
    apt: false,
  })
  for (const { platform, machine, debian } of [ground, top]) {
    assert.equal(platform, 'linux/arm/v7')
    assert.equal(machine, 'armv7l')
    assert.equal(debian, 'armhf')
  }
  assert.equal(builtOn, 'armhf')
  // those that are not out yet call themselves by their own name, or the next one's
  assert.ok(ground.release.startsWith(suite) || suite === 'sid', ground.release)
  assert.match(output, /Image 4 of 4: top:latest/)
})
