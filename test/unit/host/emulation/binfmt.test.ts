import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { architectureOf, architectures, parsePlatform } from '../../../../src/core/platform.ts'
import { hostPlatform, parseRegistration, registrationLine } from '../../../../src/host/emulation/binfmt.ts'
import { elfOf, elfStart, isDynamic, tinyProgram } from '../../../../src/host/emulation/elf.ts'

const of = (name: string) => architectureOf(parsePlatform(name))

test('reads what every architecture is for from the start of a program', () => {
  for (const { elf, platform } of architectures) assert.deepEqual(elfOf(elfStart(elf)), elf, platform)
})

test("reads this machine's own program", () => {
  assert.deepEqual(elfOf(readFileSync(process.execPath).subarray(0, 64)), architectureOf(hostPlatform()).elf)
})

test('takes nothing for a program that is none', () => {
  assert.equal(elfOf(Buffer.from('#!/bin/sh\necho it is a script\n')), undefined)
  assert.equal(elfOf(Buffer.alloc(0)), undefined)
  assert.equal(elfOf(Buffer.from([0x7f, 0x45, 0x4c, 0x46])), undefined)
  assert.equal(
    elfOf(Buffer.concat([Buffer.from([0x7f, 0x45, 0x4c, 0x46, 9, 1]), Buffer.alloc(20)])),
    undefined,
  )
})

test('tells a program that needs libraries from one that does not', () => {
  assert.equal(isDynamic(readFileSync(process.execPath).subarray(0, 4096)), true)
  assert.equal(isDynamic(readFileSync('/bin/busybox').subarray(0, 4096)), false)
  assert.equal(isDynamic(tinyProgram(of('linux/arm/v7').elf, [0])), false)
  assert.equal(isDynamic(Buffer.from('no program')), false)
})

test('writes the line that the kernel takes', () => {
  assert.equal(
    registrationLine(of('linux/arm64'), '/usr/bin/qemu-aarch64-static', '6.1.0-28-amd64'),
    ':qemu-aarch64:M::' +
      String.raw`\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00` +
      String.raw`:\xff\xff\xff\xff\xff\xff\xff\xfc\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff` +
      ':/usr/bin/qemu-aarch64-static:OCFP',
  )
  // big-endian: the low byte of e_type is the second
  assert.match(
    registrationLine(of('linux/s390x'), 'x', '6.1'),
    /\\x00\\x02\\x00\\x16:.*\\xff\\xfe\\xff\\xff:x:OCFP$/,
  )
})

test('keeps the name that a program was called by, unless the kernel cannot tell the emulator', () => {
  const flags = (kernel: string) => registrationLine(of('linux/arm64'), '/q', kernel).split(':').at(-1)
  assert.deepEqual(['4.14.180-176', '5.11.0', '5.12', '5.15.0-rc1', '6.18.44-x', '7.0'].map(flags), [
    'OCF',
    'OCF',
    'OCFP',
    'OCFP',
    'OCFP',
    'OCFP',
  ])
})

// as the kernel shows them
const shown = (line: string, flags: string) => {
  const [, , , , magic = '', mask = '', emulator = ''] = line.split(':')
  const hex = (text: string) => text.replaceAll('\\x', '')
  return `enabled\ninterpreter ${emulator}\nflags: ${flags}\noffset 0\nmagic ${hex(magic)}\nmask ${hex(mask)}\n`
}

test('finds what is registered by its magic, whatever it is called', () => {
  const found = parseRegistration(
    'anything',
    shown(registrationLine(of('linux/riscv64'), '/q', '6.1'), 'POCF'),
  )
  assert.equal(found?.emulator, '/q')
  assert.equal(found?.fixed, true)
  for (const { elf, platform } of architectures)
    assert.equal(found?.matches(elfStart(elf)), platform === 'linux/riscv64', platform)
  // position-independent programs are of type 3
  const program = elfStart(of('linux/riscv64').elf)
  program[16] = 3
  assert.equal(found?.matches(program), true)
})

test('sees what is off, has no flag F, or goes by a name', () => {
  const text = shown(registrationLine(of('linux/arm64'), '/q', '6.1'), 'OC')
  assert.equal(parseRegistration('a', text)?.fixed, false)
  assert.equal(parseRegistration('a', text.replace('enabled', 'disabled')), undefined)
  assert.equal(
    parseRegistration('jar', 'enabled\ninterpreter /usr/bin/jexec\nflags: \nextension .jar\n'),
    undefined,
  )
  assert.equal(parseRegistration('gone', ''), undefined)
})
