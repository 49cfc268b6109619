import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { boardOf } from '../../../../src/image/card/boards.ts'
import { differing, layoutOf, readPieces, writePieces } from '../../../../src/image/card/bootloader.ts'
import { filled, MemoryCard, scratch } from './made.ts'

/** Bootloader files in a folder, and their names in a set. */
function pieces(folder: string, files: Record<string, Buffer>): string[] {
  mkdirSync(join(folder, 'boot/bootloader'), { recursive: true })
  for (const [name, bytes] of Object.entries(files))
    writeFileSync(join(folder, 'boot/bootloader', name), bytes)
  return Object.keys(files).map((name) => `boot/bootloader/${name}`)
}

/** A card whose every byte is 0xaa. */
const card = () => new MemoryCard(Buffer.alloc(5 * 2 ** 20, 0xaa))

const xu4 = () => ({
  // as the maker's: half a sector longer than its place, which BL2 then has
  'bl1.bin': filled(15_616, 'bl1'),
  'bl2.bin': filled(14_592, 'bl2'),
  'u-boot.bin': filled(700_001, 'u-boot'),
  'tzsw.bin': filled(262_144, 'tzsw'),
})

describe("a board's bootloader", () => {
  it('is at the sectors of its table, and everything between stays as it was', async () => {
    using folder = scratch()
    const files = xu4()
    const placed = await readPieces(boardOf(['odroid/xu4']), pieces(folder.path, files), folder.path)
    const disk = card()
    await writePieces(disk, placed)
    const expected = Buffer.alloc(disk.size, 0xaa)
    for (const [name, sector] of [
      ['bl1.bin', 1],
      ['bl2.bin', 31],
      ['u-boot.bin', 63],
      ['tzsw.bin', 2111],
    ] as const)
      files[name].copy(expected, sector * 512)
    assert.ok((await disk.read(0, disk.size)).equals(expected))
  })

  it('goes where the smaller BL2 looks, when the set has that one', async () => {
    using folder = scratch()
    const { 'bl2.bin': bl2, ...rest } = xu4()
    const names = pieces(folder.path, { ...rest, 'bl2-720k.bin': bl2 })
    const tzsw = layoutOf(boardOf(['odroid/xu4']), names, folder.path)?.pieces.at(-1)
    assert.equal(tzsw?.sector, 1503)
  })

  it('shares the first sector with the partition table on the C2', async () => {
    using folder = scratch()
    const files = { 'bl1.bin': filled(20_000, 'bl1'), 'u-boot.bin': filled(600_000, 'u-boot') }
    const disk = card()
    await writePieces(disk, await readPieces(boardOf(['odroid/c2']), pieces(folder.path, files), folder.path))
    const first = await disk.read(0, 512)
    assert.ok(first.subarray(0, 442).equals(files['bl1.bin'].subarray(0, 442)))
    assert.ok(first.subarray(442).equals(Buffer.alloc(70, 0xaa)))
    assert.ok((await disk.read(512, 20_000 - 512)).equals(files['bl1.bin'].subarray(512)))
    assert.ok((await disk.read(97 * 512, 600_000)).equals(files['u-boot.bin']))
  })

  it('is written again only as far as it differs', async () => {
    using folder = scratch()
    const disk = card()
    const placed = await readPieces(
      boardOf(['odroid/u']),
      pieces(folder.path, { ...xu4(), 'tzsw.bin': filled(156_000, 'tzsw') }),
      folder.path,
    )
    assert.equal((await differing(disk, placed)).length, 4)
    await writePieces(disk, placed)
    assert.deepEqual(await differing(disk, placed), [])
    disk.put(2111 * 512, Buffer.alloc(512))
    assert.deepEqual(
      (await differing(disk, placed)).map(({ file }) => file),
      ['tzsw.bin'],
    )
  })

  it('is refused when a piece would run into the next one, or is missing', async () => {
    using folder = scratch()
    const board = boardOf(['odroid/xu4'])
    const names = pieces(folder.path, { ...xu4(), 'bl2.bin': filled(33 * 512, 'large') })
    await assert.rejects(readPieces(board, names, folder.path), {
      code: 'set-invalid',
      message: /bl2.bin has 16896/,
    })
    await assert.rejects(readPieces(board, ['kernel'], folder.path), /lacks boot\/bootloader\/bl1.bin, /)
    assert.deepEqual(await readPieces(boardOf(['pi/4']), ['kernel'], folder.path), [])
  })
})
