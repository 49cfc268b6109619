import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { run } from '../../../../../src/host/process/run.ts'
import { FatVolume } from '../../../../../src/image/card/fat/volume.ts'
import { afterCut, filled, MemoryCard, scratch, seeded } from '../made.ts'

const MIB = 2 ** 20

/** What mkfs.vfat makes, with one sector a cluster. */
async function formatted(size = 36 * MIB): Promise<Buffer> {
  using folder = scratch()
  const path = join(folder.path, 'fat')
  const args = ['-C', '-F', '32', '-s', '1', '-n', 'boot', path, String(size / 1024)]
  const { status, stderr } = await run('mkfs.vfat', args)
  assert.equal(status, 0, stderr)
  return readFileSync(path)
}

async function opened(base: Buffer) {
  const card = new MemoryCard(base)
  const volume = await FatVolume.open(card)
  await volume.begin()
  return { card, volume }
}

const contentOf = async (volume: FatVolume, path: string) => {
  const pieces: Buffer[] = []
  for await (const piece of volume.read(path)) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** What another implementation says: fsck.vfat of the file system, mcopy of a file. */
async function judged(card: MemoryCard, path?: string) {
  using folder = scratch()
  const image = join(folder.path, 'fat')
  writeFileSync(image, await card.read(0, card.size))
  const { status, stdout } = await run('fsck.vfat', ['-n', image])
  if (path === undefined) return { status, stdout, content: Buffer.alloc(0) }
  await run('mcopy', ['-i', image, `::${path}`, join(folder.path, 'copy')])
  return { status, stdout, content: readFileSync(join(folder.path, 'copy')) }
}

const piecewise = function* (bytes: Buffer, length: number) {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}

describe('a FAT32 volume', () => {
  it('keeps files with long names, as fsck.vfat and mcopy see them too', async () => {
    const { card, volume } = await opened(await formatted())
    const content = filled(3 * MIB + 77, 'large')
    const path = 'skiff/0123456789ab/dtbs/amlogic/a device tree with a long name.dtb'
    await volume.write(path, content.length, piecewise(content, 100_001))
    await volume.write('empty', 0, [])
    assert.ok((await contentOf(await FatVolume.open(card), path)).equals(content))
    const other = await judged(card, path)
    assert.equal(other.status, 0, other.stdout)
    assert.ok(other.content.equals(content))
  })

  it('gives a name that fits to boot ROMs as it is', async () => {
    const { card, volume } = await opened(await formatted())
    await volume.write('bootcode.bin', 3, [Buffer.from('abc')])
    await volume.write('extlinux.conf', 3, [Buffer.from('abc')])
    const shorts = (await volume.list('')).map(({ short }) => short)
    assert.deepEqual(shorts, ['BOOTCODEBIN', 'EXTLIN~1CON'])
    assert.equal((await judged(card)).status, 0)
  })

  it('holds more names than a cluster has room for', async () => {
    const { card, volume } = await opened(await formatted())
    for (let n = 0; n < 60; n += 1)
      await volume.write(`many/a rather long name ${n}.txt`, 1, [Buffer.from('x')])
    assert.equal((await (await FatVolume.open(card)).list('many')).length, 60)
    assert.equal((await judged(card)).status, 0)
  })

  it('gives the space of what was replaced or removed back', async () => {
    const { card, volume } = await opened(await formatted())
    await volume.makeFolder('a')
    const before = volume.freeBytes
    await volume.write('a/file', 100_000, [filled(100_000, 'one')])
    await volume.write('a/file', 50_000, [filled(50_000, 'two')])
    assert.ok((await contentOf(volume, 'a/file')).equals(filled(50_000, 'two')))
    await volume.write('a/b/c', 5, [Buffer.from('12345')])
    await volume.remove('a/b')
    await volume.remove('a/file')
    assert.equal(volume.freeBytes, before)
    assert.equal((await FatVolume.open(card)).freeBytes, before)
    assert.equal((await judged(card)).status, 0)
  })

  it('makes no file of fewer or more bytes than were said', async () => {
    const { volume } = await opened(await formatted())
    const free = volume.freeBytes
    await assert.rejects(volume.write('short', 10, [Buffer.from('123')]), { code: 'card-unreadable' })
    await assert.rejects(volume.write('long', 2, [Buffer.from('123')]), { code: 'card-unreadable' })
    assert.deepEqual(await volume.list(''), [])
    assert.equal(volume.freeBytes, free)
  })

  it('refuses what is no FAT32, or is larger than its partition', async () => {
    const open = (bytes: Buffer) => FatVolume.open(new MemoryCard(bytes))
    await assert.rejects(open(Buffer.alloc(MIB)), /no FAT file system/)
    await assert.rejects(open((await formatted()).subarray(0, 30 * MIB)), /larger than it is/)
    const sixteen = Buffer.from(await formatted())
    sixteen.writeUInt16LE(32, 22)
    await assert.rejects(open(sixteen), /FAT12 or FAT16/)
  })

  it('refuses chains and folders that lead into themselves', async () => {
    const base = await formatted()
    const { card, volume } = await opened(base)
    await volume.write('folder/file', 2000, [filled(2000, 'x')])
    const image = await card.read(0, card.size)
    const fat = 32 * 512
    // the root folder's only cluster follows itself
    const ring = Buffer.from(image)
    ring.writeUInt32LE(2, fat + 8)
    await assert.rejects(FatVolume.open(new MemoryCard(ring)), /damaged/)
    // the file's name leads to its own folder
    const file = (await volume.find('folder/file')) ?? assert.fail()
    const folder = (await volume.find('folder')) ?? assert.fail()
    const loop = Buffer.from(image)
    const slot = loop.indexOf(file.short, 0, 'latin1')
    loop.writeUInt8(0x10, slot + 11)
    loop.writeUInt16LE(folder.cluster, slot + 26)
    await assert.rejects(FatVolume.open(new MemoryCard(loop)), /lead into each other/)
  })

  it('has each file as it was or as it is to be, wherever the power is cut', async () => {
    const first = await opened(await formatted())
    const [old, fresh] = [filled(4000, 'old'), filled(7000, 'new')]
    await first.volume.write('dir/config.txt', old.length, [old])
    const base = await first.card.read(0, first.card.size)
    const { card, volume } = await opened(base)
    await volume.write('dir/config.txt', fresh.length, [fresh])
    await volume.write('dir/sub/another file.txt', fresh.length, [fresh])
    await volume.remove('dir/sub')
    const random = seeded(4)
    for (let cut = 0; cut <= card.operations.length; cut += 1) {
      for (const chance of [0, 1, 0.5, 0.5, 0.5]) {
        const left = afterCut(base, card.operations, cut, () => random() < chance)
        const after = await FatVolume.open(left)
        const config = await contentOf(after, 'dir/config.txt')
        assert.ok(config.equals(old) || config.equals(fresh), `cut ${cut}: dir/config.txt is neither`)
        if (await after.find('dir/sub/another file.txt'))
          assert.ok((await contentOf(after, 'dir/sub/another file.txt')).equals(fresh), `cut ${cut}`)
        if (cut === card.operations.length) assert.ok(config.equals(fresh))
      }
    }
    assert.ok(card.operations.length > 30)
  })

  it('finds the space again that a write cut short had taken', async () => {
    const base = await formatted()
    const { card, volume } = await opened(base)
    const free = volume.freeBytes
    await volume.write('file', 100_000, [filled(100_000, 'x')])
    // everything but the last write, which is the name
    const name = card.operations.findLastIndex(({ kind }) => kind === 'write')
    const left = afterCut(base, card.operations, name, () => true)
    const again = await FatVolume.open(left)
    await again.begin()
    assert.equal(again.freeBytes, free)
    assert.equal((await judged(left)).status, 0)
  })
})
