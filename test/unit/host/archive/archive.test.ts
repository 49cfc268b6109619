import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { writeCpio } from '../../../../src/host/archive/cpio.ts'
import { readElfNeeds } from '../../../../src/host/archive/elf-needs.ts'
import {
  completed,
  fileEntry,
  linkEntry,
  resolvePath,
  type Tree,
} from '../../../../src/host/archive/entry.ts'
import { readTar, writeTar } from '../../../../src/host/archive/tar.ts'

const tree: Tree = new Map([
  ['usr/bin/sh', linkEntry('busybox')],
  ['usr/bin/busybox', fileEntry('program', 0o755)],
  ['bin', linkEntry('usr/bin')],
  ['round', linkEntry('round')],
  ['out', linkEntry('../../usr/bin/busybox')],
])

describe('a tree', () => {
  it('gets the folders above its entries, in one order whatever the order they came in', () => {
    const paths = ['bin', 'out', 'round', 'usr', 'usr/bin', 'usr/bin/busybox', 'usr/bin/sh']
    assert.deepEqual([...completed(tree).keys()], paths)
    assert.deepEqual([...completed(new Map([...tree].reverse())).keys()], paths)
  })

  it('follows links as the kernel does: of folders, above the root, and not in circles', () => {
    assert.equal(resolvePath(tree, 'bin/sh'), 'usr/bin/busybox')
    assert.equal(resolvePath(tree, 'out'), 'usr/bin/busybox')
    assert.equal(resolvePath(tree, 'round'), undefined)
  })

  it('survives the way through a tar, modes and links included', async () => {
    const back = await readTar(Readable.from(writeTar(tree, 7)))
    assert.deepEqual([...back.keys()], [...completed(tree).keys()])
    assert.deepEqual(back.get('usr/bin/busybox'), tree.get('usr/bin/busybox'))
    assert.deepEqual(back.get('bin'), tree.get('bin'))
  })

  it('is refused as a tar that leads out of it', async () => {
    const evil = Readable.from(writeTar(new Map([['../etc/passwd', fileEntry('x')]]), 7))
    await assert.rejects(readTar(evil), { code: 'rootfs-invalid' })
  })

  it('has the same bytes twice as a cpio, and other bytes for another mode', () => {
    const once = writeCpio(tree, 7)
    assert.deepEqual(once, writeCpio(new Map([...tree].reverse()), 7))
    assert.notDeepEqual(once, writeCpio(new Map([...tree, ['usr/bin/busybox', fileEntry('program')]]), 7))
    assert.equal(once.length % 4, 0)
    assert.equal(once.toString('latin1', 0, 6), '070701')
  })
})

describe('what a program needs', () => {
  it('is read from the program that runs this test', () => {
    const { needed = [], interpreter } = readElfNeeds(readFileSync('/bin/sh')) ?? {}
    assert.ok(
      needed.some((name) => name.startsWith('libc.so')),
      needed.join(' '),
    )
    assert.match(interpreter ?? '', /^\/lib.*ld/)
  })

  it('is nothing for a script, an empty file and a file that breaks off', () => {
    assert.equal(readElfNeeds(Buffer.from(`#!/bin/sh\n${' '.repeat(100)}`)), undefined)
    assert.equal(readElfNeeds(Buffer.alloc(0)), undefined)
    const broken = readFileSync('/bin/sh').subarray(0, 80)
    assert.equal(readElfNeeds(broken), undefined)
  })
})
