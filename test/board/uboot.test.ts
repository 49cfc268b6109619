// Through U-Boot: Debian's U-Boot for QEMU starts what format and install put on a card, from its boot partition.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { silent } from '../../src/core/report.ts'
import { type Board, boardOf } from '../../src/image/card/boards.ts'
import { FatVolume } from '../../src/image/card/fat/volume.ts'
import { format } from '../../src/image/card/format.ts'
import { install } from '../../src/image/card/install.ts'
import { bootPartition } from '../../src/image/card/partitions.ts'
import { imageTarget, openTarget, type Target } from '../../src/image/card/target.ts'
import { filled, scratch, writeSet } from '../unit/image/card/made.ts'
import { type BoardKernel, fetchBoardKernel } from './harness/board-kernel.ts'
import { powerOn } from './harness/uboot.ts'

const MIB = 2 ** 20
const signal = AbortSignal.timeout(10 * 60_000)

/** From power-on until it switches itself off. */
async function wordsOf(card: string): Promise<string> {
  await using board = powerOn(card, 80_000)
  await board.off()
  return board.said()
}

/** A board says too much for a failed assertion to repeat. */
const heard = (said: string, what: string) =>
  assert.ok(said.includes(what), `${what}: not in ${said.slice(-2000)}`)

describe('U-Boot', () => {
  const folder = scratch()
  let kernel: BoardKernel
  before(async () => {
    kernel = await fetchBoardKernel(folder.path)
  })
  after(() => folder[Symbol.dispose]())

  /** A card of a board, and a way to put sets on it. */
  async function cardFor(board: Board, name: string) {
    const target: Target = await imageTarget(join(folder.path, name), 320 * MIB)
    const common = { target, board, report: silent, signal, confirm: async () => {} }
    await format({ ...common, bootSize: 128 * MIB, output: '' })
    const put = (seed: string) => {
      const output = join(folder.path, name.replace(/\W/g, '-'), seed)
      const rest = { 'engine.squashfs': filled(MIB, seed), 'boot/cmdline': `panic=10 test=${seed}\n` }
      const set = writeSet(output, { ...kernel, ...rest })
      const options = { ...common, output, keepBootloader: false, failpoint: undefined }
      return install(options).then((folderOnCard) => {
        assert.equal(folderOnCard, set)
        return set
      })
    }
    return { target, put }
  }

  it('starts the set that was installed last, up to its userland', async () => {
    const { target, put } = await cardFor(boardOf(['virt/qemu']), 'gpt.img')
    const old = await put('old')
    const set = await put('new')
    assert.notEqual(old, set)
    const said = await wordsOf(target.path)
    heard(said, `Retrieving file: /${set}/kernel`)
    heard(said, 'Booting Linux on physical CPU')
    heard(said, `userland: console=ttyAMA0 panic=10 test=new skiff.set=${set}\r\n`)
  })

  it('starts the set before it when the kernel of the last one cannot be read', async () => {
    const { target, put } = await cardFor({ ...boardOf(['virt/qemu']), table: 'dos' }, 'dos.img')
    const old = await put('old')
    const set = await put('new')
    {
      await using disk = await openTarget(target, '')
      const volume = await FatVolume.open((await bootPartition(disk, signal)).blocks)
      await volume.begin()
      await volume.remove(`${set}/kernel`)
    }
    const said = await wordsOf(target.path)
    heard(said, `userland: console=ttyAMA0 panic=10 test=old skiff.set=${old}\r\n`)
  })
})
