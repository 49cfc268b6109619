// Debian and a stack over it, really made for riscv64 and really run there, by emulation.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildDebianStack } from './harness/debian-stack.ts'

test('a stack over Debian that nobody publishes is made for riscv64', { timeout: 600_000 }, async () => {
  const suites = ['trixie', 'forky', 'sid']
  const { suite, ground, top, builtOn, output } = await buildDebianStack({
    platform: 'linux/riscv64',
    suites,
    apt: false,
  })
  for (const { platform, machine, debian } of [ground, top]) {
    assert.equal(platform, 'linux/riscv64')
    assert.equal(machine, 'riscv64')
    assert.equal(debian, 'riscv64')
  }
  assert.equal(builtOn, 'riscv64')
  // those that are not out yet call themselves by their own name, or the next one's
  assert.ok(ground.release.startsWith(suite) || suite === 'sid', ground.release)
  assert.match(output, /Image 4 of 4: top:latest/)
})
