import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { silent } from '../../../../src/core/report.ts'
import { boardOf } from '../../../../src/image/card/boards.ts'
import { part } from '../../../../src/image/card/fat/blocks.ts'
import { FatVolume } from '../../../../src/image/card/fat/volume.ts'
import { format } from '../../../../src/image/card/format.ts'
import { install, installOn, verify } from '../../../../src/image/card/install.ts'
import { faultOf, ledTo, pointerOn, setsOn, textOn } from '../../../../src/image/card/on-card.ts'
import { readSet } from '../../../../src/image/card/set.ts'
import { imageTarget, openTarget } from '../../../../src/image/card/target.ts'
import { afterCut, filled, MemoryCard, type Operation, scratch, seeded, smallSet, writeSet } from './made.ts'

const MIB = 2 ** 20
const { signal } = new AbortController()

/** A card image for a board, formatted, and what is needed to install on it. */
async function made(folder: string, name: string, bootSize = 64 * MIB) {
  const board = boardOf([name])
  const target = await imageTarget(join(folder, 'card.img'), 160 * MIB)
  const asked: string[] = []
  const common = {
    ...{ target, board, report: silent, signal, keepBootloader: false, failpoint: undefined },
    confirm: async (question: string) => void asked.push(question),
  }
  await format({ ...common, bootSize, output: join(folder, 'none') })
  const put = (output: string) => install({ ...common, output })
  /** The boot partition, opened. */
  const boot = async () => {
    const bytes = readFileSync(target.path).subarray(4 * MIB, 4 * MIB + bootSize)
    return FatVolume.open(new MemoryCard(bytes))
  }
  return { board, target, common, asked, put, boot }
}

describe('installing', () => {
  it('leads to the new set and keeps the one before it to fall back on', async () => {
    using folder = scratch()
    const { target, put, boot } = await made(folder.path, 'virt/qemu')
    const sets = ['a', 'b', 'c'].map((seed) => writeSet(join(folder.path, seed), smallSet(seed)))
    for (const [index, seed] of ['a', 'b', 'c'].entries()) {
      assert.equal(await put(join(folder.path, seed)), sets[index])
      assert.equal(await verify(target, signal), sets[index])
    }
    assert.deepEqual((await setsOn(await boot())).sort(), [sets[1], sets[2]].sort())
    const conf = (await textOn(await boot(), 'extlinux/extlinux.conf')) ?? ''
    assert.match(conf, new RegExp(`label skiff\\n.*\\n {2}kernel /${sets[2]}/kernel`))
    assert.match(conf, new RegExp(`label previous\\n.*\\n {2}kernel /${sets[1]}/kernel`))
    assert.match(conf, new RegExp(`append console=ttyAMA0 panic=10 quiet skiff.set=${sets[2]}\\n`))
  })

  it('writes nothing but what is missing when it is done once more', async () => {
    using folder = scratch()
    const { put, target, boot } = await made(folder.path, 'virt/qemu')
    const output = join(folder.path, 'a')
    writeSet(join(folder.path, 'b'), smallSet('b'))
    await put(join(folder.path, 'b'))
    writeSet(output, smallSet('a'))
    await put(output)
    const before = readFileSync(target.path)
    await put(output)
    assert.ok(readFileSync(target.path).equals(before))
    assert.equal((await setsOn(await boot())).length, 2)
  })

  it('refuses a set of which one byte is not as its manifest says, and touches nothing', async () => {
    using folder = scratch()
    const { put, target } = await made(folder.path, 'virt/qemu')
    const output = join(folder.path, 'a')
    writeSet(output, smallSet('a'))
    const before = readFileSync(target.path)
    const { writeFileSync } = await import('node:fs')
    writeFileSync(join(output, 'initramfs'), filled(9700, 'something else'))
    await assert.rejects(put(output), { code: 'set-invalid', message: /initramfs/ })
    assert.ok(readFileSync(target.path).equals(before))
  })

  it('says before it starts that there is no room for two sets, and goes on only when told to', async () => {
    using folder = scratch()
    const { common, asked, put, target, boot } = await made(folder.path, 'virt/qemu', 36 * MIB)
    const outputs = ['a', 'b'].map((seed) => join(folder.path, seed))
    const sets = outputs.map((output, index) => writeSet(output, smallSet(`${index}`, 6 * MIB)))
    await put(outputs[0] ?? '')
    const before = readFileSync(target.path)
    const confirm = async () => Promise.reject(new Error('no'))
    await assert.rejects(install({ ...common, confirm, output: outputs[1] ?? '' }), /no/)
    assert.ok(readFileSync(target.path).equals(before))
    asked.length = 0
    assert.equal(await put(outputs[1] ?? ''), sets[1])
    assert.deepEqual(asked, ['Go on without the old image?'])
    assert.deepEqual(await setsOn(await boot()), [sets[1]])
    assert.doesNotMatch((await textOn(await boot(), 'extlinux/extlinux.conf')) ?? '', /previous/)
  })

  it('refuses a set that does not even fit alone, and leaves the old one', async () => {
    using folder = scratch()
    const { put, target } = await made(folder.path, 'virt/qemu', 36 * MIB)
    const old = writeSet(join(folder.path, 'a'), smallSet('a'))
    await put(join(folder.path, 'a'))
    writeSet(join(folder.path, 'b'), smallSet('b', 12 * MIB))
    await assert.rejects(put(join(folder.path, 'b')), { code: 'card-full', exit: 1 })
    assert.equal(await verify(target, signal), old)
  })

  it('puts the firmware of a Pi beside each other by content, and config.txt decides', async () => {
    using folder = scratch()
    const { put, boot } = await made(folder.path, 'pi/4')
    const output = (seed: string) => join(folder.path, seed)
    const files = (seed: string) => ({
      ...smallSet(seed),
      'dtbs/broadcom/bcm2711-rpi-4-b.dtb': `${seed} tree`,
      'dtbs/broadcom/bcm2712-rpi-5-b.dtb': 'another board',
      'boot/start4.elf': `${seed} start`,
      'boot/fixup4.dat': `${seed} fixup`,
      'boot/overlays/README': 'overlays',
      'boot/overlays/disable-bt.dtbo': 'overlay',
      'boot/config.txt': 'enable_uart=1\nkernel=somewhere\ninitramfs x followkernel\n',
    })
    for (const seed of ['a', 'b', 'c']) {
      const set = writeSet(output(seed), files(seed))
      await put(output(seed))
      const volume = await boot()
      const config = (await textOn(volume, 'config.txt')) ?? ''
      assert.match(
        config,
        new RegExp(`\\nos_prefix=${set}/\\nkernel=kernel\\ninitramfs initramfs followkernel\\n$`),
      )
      assert.match(config, /\nenable_uart=1\n/)
      assert.doesNotMatch(config, /somewhere|initramfs x/)
      const start = /start_file=(start4-[0-9a-f]{8}\.elf)/.exec(config)?.[1] ?? ''
      assert.equal(await textOn(volume, start), `${seed} start`)
      assert.match((await textOn(volume, `${set}/cmdline.txt`)) ?? '', /console=serial0,115200 panic=10/)
      assert.equal(await textOn(volume, `${set}/bcm2711-rpi-4-b.dtb`), `${seed} tree`)
      assert.equal(await volume.find(`${set}/bcm2712-rpi-5-b.dtb`), undefined)
      assert.ok(await volume.find(`${set}/overlays/README`))
    }
    const names = (await (await boot()).list('')).map(({ name }) => name)
    assert.equal(names.filter((name) => name.startsWith('start4-')).length, 2)
  })

  it('leaves the old set or the new one to start from, wherever the power is cut', async () => {
    using folder = scratch()
    const { common, target, put } = await made(folder.path, 'virt/qemu', 36 * MIB)
    const [, before] = ['a', 'b'].map((seed) => writeSet(join(folder.path, seed), smallSet(seed)))
    await put(join(folder.path, 'a'))
    await put(join(folder.path, 'b'))
    const base = readFileSync(target.path)
    const fresh = writeSet(join(folder.path, 'c'), smallSet('c'))
    const operations: Operation[] = []
    {
      await using disk = await openTarget(target, '')
      const { write, sync } = disk
      disk.write = (offset, data) => {
        operations.push({ kind: 'write', offset, data: Buffer.from(data) })
        return write(offset, data)
      }
      disk.sync = () => {
        operations.push({ kind: 'sync' })
        return sync()
      }
      const set = await readSet(join(folder.path, 'c'), common.board, signal)
      await installOn(disk, set, [], { ...common, output: '' })
    }
    const random = seeded(7)
    const seen = new Set<string>()
    for (let cut = 0; cut <= operations.length; cut += 1) {
      for (const chance of [0, 1, 0.5, 0.5]) {
        const card = afterCut(base, operations, cut, () => random() < chance)
        const volume = await FatVolume.open(part(card, 4 * MIB, 36 * MIB))
        const starts = ledTo(await pointerOn(volume)) ?? 'nothing'
        assert.ok([before, fresh].includes(starts), `cut ${cut}: it starts ${starts}`)
        assert.equal(await faultOf(volume, starts, signal), undefined, `cut ${cut}`)
        seen.add(starts)
      }
    }
    assert.deepEqual([...seen], [before, fresh])
    assert.ok(operations.length > 40, `only ${operations.length} operations`)
    // and nothing outside of the boot partition was written
    for (const operation of operations)
      if (operation.kind === 'write')
        assert.ok(operation.offset >= 4 * MIB && operation.offset + operation.data.length <= 40 * MIB)
  })
})
