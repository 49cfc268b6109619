// Cards as users make them: skiff/standard/format and odroid/u/install on loop devices. Needs root.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { deviceTarget } from '../../src/image/card/target.ts'
import { execute } from '../engine/harness/execute.ts'
import { filled, scratch, sha256, smallSet, writeSet } from '../unit/image/card/made.ts'
import { bench, imageFile, loopDevice, mounted } from './harness/cards.ts'

const MIB = 2 ** 20
const SMALL = ['--boot-size', '36M']
const xu4 = (seed: string) => ({
  ...smallSet(seed),
  'dtbs/samsung/exynos5422-odroidxu4.dtb': `${seed} tree`,
  'boot/bootloader/bl1.bin': filled(15_616, `${seed} bl1`),
  'boot/bootloader/bl2.bin': filled(14_592, `${seed} bl2`),
  'boot/bootloader/u-boot.bin': filled(800_000, `${seed} u-boot`),
  'boot/bootloader/tzsw.bin': filled(262_144, `${seed} tzsw`),
})

/** The partitions as another program sees them. */
async function tableOf(path: string) {
  const { stdout } = await execute('sfdisk', ['--json', path])
  return JSON.parse(stdout).partitiontable as { label: string; partitions: { start: number; size: number }[] }
}

async function probe(path: string, start: number): Promise<string> {
  const { stdout } = await execute('blkid', [
    '--probe',
    '--offset',
    String(start * 512),
    '--output',
    'export',
    path,
  ])
  return stdout
}

describe('a card on a device', () => {
  it('gets table, labels and bootloader, and a later install keeps what is on persist', async () => {
    using folder = scratch()
    const { run, output } = bench(folder.path, 'odroid/xu4,skiff/standard')
    await using loop = await loopDevice(imageFile(join(folder.path, 'card'), 160 * MIB))
    const ODROID_SD = loop.path
    const formatted = await run('skiff/standard/format', SMALL, { ODROID_SD })
    assert.equal(formatted.status, 0, formatted.stderr)
    assert.match(formatted.stdout, new RegExp(`${loop.path}: .*160 MiB`))
    assert.match(formatted.stderr, /Everything on .* will be lost/)
    const table = await tableOf(loop.path)
    assert.equal(table.label, 'dos')
    assert.deepEqual(
      table.partitions.map(({ start, size }) => ({ start, size })),
      [
        { start: 8192, size: 73_728 },
        { start: 81_920, size: 245_760 },
      ],
    )
    assert.match(await probe(loop.path, 8192), /LABEL=boot\n(.*\n)*TYPE=vfat/)
    assert.match(await probe(loop.path, 81_920), /LABEL=persist\n(.*\n)*TYPE=ext4/)

    const persist = (await loop.partitions())[1] ?? assert.fail('no second partition')
    const keys = join(folder.path, 'persist')
    const tree = async () => {
      await using _mount = await mounted(persist, keys)
      return (await execute('find', [keys, '-type', 'f', '-exec', 'sha256sum', '{}', '+'])).stdout
    }
    {
      await using _mount = await mounted(persist, keys)
      mkdirSync(join(keys, 'skiff/keys'), { recursive: true })
      writeFileSync(join(keys, 'skiff/keys/me.pub'), 'ssh-ed25519 AAAA me\n')
      writeFileSync(join(keys, 'large'), filled(3 * MIB, 'large'))
    }
    const before = await tree()
    assert.match(before, /me\.pub/)
    for (const seed of ['one', 'two']) {
      const set = writeSet(output, xu4(seed))
      const installed = await run('odroid/u/install', [], { ODROID_SD })
      assert.equal(installed.status, 0, installed.stderr)
      assert.match(
        (await run('skiff/standard/verify', [], { ODROID_SD })).stdout,
        new RegExp(`starts ${set}`),
      )
      const bytes = readFileSync(join(folder.path, 'card'))
      for (const [name, sector, length] of [
        ['bl1.bin', 1, 15_360],
        ['bl2.bin', 31, 14_592],
        ['u-boot.bin', 63, 800_000],
        ['tzsw.bin', 2111, 262_144],
      ] as const)
        assert.ok(
          bytes
            .subarray(sector * 512, sector * 512 + length)
            .equals(xu4(seed)[`boot/bootloader/${name}`].subarray(0, length)),
          `${name} of ${seed}`,
        )
      assert.equal(await tree(), before)
    }
    const again = await run('odroid/u/install', [], { ODROID_SD })
    assert.doesNotMatch(again.stdout, /bootloader/)
  })

  it('is not made of what is mounted, is in use, is a partition, is too small, or is no device', async () => {
    using folder = scratch()
    const { run } = bench(folder.path, 'virt/qemu')
    const image = imageFile(join(folder.path, 'card'), 160 * MIB)
    await using loop = await loopDevice(image)
    assert.equal((await run('skiff/standard/format', SMALL, { SKIFF_SD: loop.path })).status, 0)
    const [boot, persist] = await loop.partitions()
    const before = sha256(readFileSync(image))
    const refused = async (SKIFF_SD: string, why: RegExp, args = SMALL) => {
      const { status, stderr } = await run('skiff/standard/format', args, { SKIFF_SD })
      assert.notEqual(status, 0)
      assert.match(stderr, why)
      assert.doesNotMatch(stderr, /Everything on/)
      assert.ok(stderr.trim().split('\n').length <= 2, stderr)
    }
    await refused(boot ?? '', /is a partition\n.*name the whole device: \/dev\/loop\d+\n/)
    await refused(loop.path, /it has 160 MiB, and 581 MiB are needed/, [])
    await refused(image, /it is a file/)
    await refused('/dev/null', /not a block device/)
    await refused('/dev/no-such-card', /no such device/)
    await refused('', /no card is named/)
    assert.equal(sha256(readFileSync(image)), before)
    {
      // a mount that this process cannot see
      const holder = spawn(
        'unshare',
        [
          '--mount',
          'sh',
          '-c',
          'mount "$1" "$2" && echo ready && read -r _',
          'sh',
          persist ?? '',
          folder.path,
        ],
        { stdio: ['pipe', 'pipe', 'inherit'] },
      )
      await once(holder.stdout, 'data')
      await refused(loop.path, /something on this machine uses it/)
      holder.stdin.end('\n')
      await once(holder, 'exit')
    }
    await using _mount = await mounted(persist ?? '', join(folder.path, 'mounted'))
    await refused(loop.path, /\/dev\/loop\d+p2 is mounted at .*\n.*umount \/dev\/loop\d+p2/)
    const install = await run('skiff/standard/install', [], { SKIFF_SD: loop.path })
    assert.match(install.stderr, /is mounted at/)
  })

  it('is not made of the disk that this machine runs from', async (context) => {
    const { stdout } = await execute('findmnt', ['--noheadings', '--output', 'SOURCE', '/'])
    const disk = stdout.trim()
    if (!/^\/dev\/[a-z]+$/.test(disk)) return context.skip(`/ is on ${disk}, which is no whole disk`)
    // looked at only: nothing that could write is called
    await assert.rejects(deviceTarget(disk, AbortSignal.timeout(10_000)), {
      code: 'card-refused',
      message: /this machine runs from it/,
    })
  })

  it('that stops taking what is written keeps what it had, and that is said', async () => {
    using folder = scratch()
    const { run, output } = bench(folder.path, 'virt/qemu')
    const disk = join(folder.path, 'disk')
    await using _tmpfs = await mounted('tmpfs', disk, '-t', 'tmpfs', '-o', 'size=24M')
    await using loop = await loopDevice(imageFile(join(disk, 'card'), 160 * MIB))
    const SKIFF_SD = loop.path
    assert.equal((await run('skiff/standard/format', ['--boot-size', '64M'], { SKIFF_SD })).status, 0)
    const old = writeSet(output, smallSet('old'))
    assert.equal((await run('skiff/standard/install', [], { SKIFF_SD })).status, 0)
    writeSet(output, smallSet('new', 8 * MIB))
    const failed = await run('skiff/standard/install', [], { SKIFF_SD })
    assert.equal(failed.status, 1)
    assert.match(failed.stderr, /stopped answering while it was written to/)
    assert.match(failed.stderr, /what the card started before it still starts/)
    assert.equal(statfsSync(disk).bavail, 0)
    assert.match((await run('skiff/standard/verify', [], { SKIFF_SD })).stdout, new RegExp(`starts ${old}`))
  })
})

describe('a card as an image file', () => {
  it('starts the old set or the new one after an install that was killed at any write', async () => {
    using folder = scratch()
    const { run, output } = bench(folder.path, 'virt/qemu')
    const image = join(folder.path, 'card.img')
    const made = await run('skiff/standard/format', ['--image', image, '--size', '112M', ...SMALL])
    assert.equal(made.status, 0, made.stderr)
    const old = writeSet(output, smallSet('old'))
    assert.equal((await run('skiff/standard/install', ['--image', image])).status, 0)
    copyFileSync(image, `${image}.before`)
    const fresh = writeSet(output, smallSet('new'))
    const seen = new Set<string>()
    let killed = 0
    for (let write = 1; ; write += 3) {
      copyFileSync(`${image}.before`, image)
      const env = { SKIFF_CARD_FAILPOINT: String(write) }
      const ended = await run('skiff/standard/install', ['--image', image], env)
      const { stdout, stderr } = await run('skiff/standard/verify', ['--image', image])
      const starts = /starts (skiff\/[0-9a-f]+),/.exec(stdout)?.[1] ?? ''
      assert.ok([old, fresh].includes(starts), `killed before write ${write}: ${stderr}`)
      seen.add(starts)
      if (ended.status === 0) break
      killed += 1
      if (killed % 4 !== 0) continue
      // and what was begun can be finished
      const finished = await run('skiff/standard/install', ['--image', image])
      assert.equal(finished.status, 0, finished.stderr)
    }
    assert.deepEqual([...seen], [old, fresh])
    assert.ok(killed >= 8, `killed ${killed} times`)
  })
})
