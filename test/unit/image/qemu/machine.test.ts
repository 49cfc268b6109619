import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { machineFor, qemuArguments } from '../../../../src/image/qemu/machine.ts'

describe('the command line of QEMU', () => {
  const args = qemuArguments({
    machine: machineFor('arm64'),
    kernel: '/i/kernel',
    initramfs: '/i/initramfs',
    cmdline: 'panic=10 quiet',
    memory: 512,
    processors: 2,
    disks: [{ file: '/d/a,b.img' }, { file: '/d/boot.img', readOnly: true, cache: 'none' }],
    console: '/c/log',
    forwards: [{ port: 2222, to: 22 }],
  })
  const after = (word: string) => args.filter((_, index) => args[index - 1] === word)

  it('opens ports on loopback only', () => {
    assert.deepEqual(after('-netdev'), ['user,id=net,hostfwd=tcp:127.0.0.1:2222-:22'])
  })

  it('takes names of files with a comma for what they are', () => {
    const [first = '', second = ''] = after('-drive')
    assert.ok(first.endsWith('file=/d/a,,b.img'))
    assert.match(second, /cache=none,readonly=on/)
  })

  it('hands the words of the kernel over as one argument', () => {
    assert.deepEqual(after('-append'), ['panic=10 quiet'])
  })

  it('is there for four architectures, and says so for others', () => {
    for (const name of ['arm64', 'armhf', 'amd64', 'riscv64'])
      assert.equal(machineFor(name).architecture, name)
    assert.throws(() => machineFor('s390x'), { code: 'not-found' })
  })
})
