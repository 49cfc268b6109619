import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { boardOf, boards, RESERVED, SECTOR } from '../../../../src/image/card/boards.ts'
import { formatCommands, layoutFor, sfdiskScript } from '../../../../src/image/card/layout.ts'

const [MIB, GIB] = [2 ** 20, 2 ** 30]
const layout = (board: string, size: number, boot?: number) =>
  layoutFor('/dev/sdx', boardOf([board]), size, boot)

describe('the layout of a card', () => {
  it('leaves room for the bootloader, then boot, and persist has the rest in whole MiB', () => {
    const { boot, persist, table } = layout('odroid/xu4', 8 * GIB - 12_345)
    assert.equal(table, 'dos')
    assert.deepEqual(boot, { start: 4 * MIB, size: 512 * MIB })
    assert.deepEqual(persist, { start: 516 * MIB, size: 8 * GIB - MIB - 516 * MIB })
  })

  it('ends before the copy of a GPT, and before what a DOS table can count to', () => {
    const gpt = layout('generic/arm64', 2 * GIB).persist
    assert.equal(gpt.start + gpt.size, 2 * GIB - MIB)
    const dos = layout('pi/4', 4 * 1024 * GIB).persist
    assert.equal(dos.start + dos.size, 2 ** 32 * SECTOR)
  })

  it('is not made for a card that is too small, and the size that is needed is said', () => {
    assert.throws(() => layout('pi/4', 512 * MIB), {
      code: 'card-refused',
      message: '/dev/sdx is not touched: it has 512 MiB, and 581 MiB are needed',
    })
    assert.throws(() => layout('pi/4', 0), { code: 'card-refused' })
    assert.ok(layout('pi/4', 128 * MIB, 40 * MIB))
    assert.throws(() => layout('pi/4', GIB, 20 * MIB), { code: 'value-invalid' })
  })

  it('is written by programs that get offsets, so that an image needs no device', () => {
    const made = layout('virt/qemu', 2 * GIB)
    const [table, boot, persist] = formatCommands('card.img', made, false)
    assert.equal(table?.input, sfdiskScript(made))
    assert.match(
      table?.input ?? '',
      /^label: gpt\nunit: sectors\nstart=8192, size=1048576, type=U, name="boot"/,
    )
    assert.deepEqual(boot?.args.slice(-4), ['--offset', '8192', 'card.img', '524288'])
    assert.ok(persist?.args.includes(`offset=${516 * MIB},nodiscard`))
    assert.match(
      sfdiskScript(layout('pi/3', 2 * GIB)),
      /^label: dos\n.*\n.*type=c, bootable\nstart=1056768, .*type=L\n$/,
    )
  })
})

describe('the table of boards', () => {
  it('has pieces that neither overlap nor reach the first partition', () => {
    for (const { name, layouts } of boards)
      for (const { pieces } of layouts) {
        let end = 1
        for (const { file, sector, most } of pieces) {
          assert.ok(sector >= end, `${name}: ${file} overlaps`)
          end = sector + most
        }
        assert.ok(end * SECTOR <= RESERVED, `${name} reaches the first partition`)
      }
  })

  it('has what the makers document for the ODROIDs', () => {
    const sectors = (board: string) =>
      boardOf([board]).layouts.map(({ pieces }) =>
        pieces.map(({ file, sector }) => `${file} ${sector}`).join(', '),
      )
    assert.deepEqual(sectors('odroid/xu4'), [
      'bl1.bin 1, bl2-720k.bin 31, u-boot.bin 63, tzsw.bin 1503',
      'bl1.bin 1, bl2.bin 31, u-boot.bin 63, tzsw.bin 2111',
    ])
    assert.deepEqual(sectors('odroid/u'), ['bl1.bin 1, bl2.bin 31, u-boot.bin 63, tzsw.bin 2111'])
    assert.deepEqual(sectors('odroid/c2'), ['bl1.bin 1, u-boot.bin 97'])
  })

  it('gives the last board of a chain, and one for all that is none of them', () => {
    assert.equal(boardOf(['skiff/base', 'odroid/common', 'odroid/xu4', 'skiff/core']).name, 'odroid/xu4')
    assert.equal(boardOf(['skiff/base', 'my/board']).name, 'any board with U-Boot')
  })
})
