// The image for any 64-bit board, started on a machine of QEMU's without UEFI: it comes up to a login, and what holds
// WiFi drivers back until their firmware is there names all of them.
import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { makeBootDisk, makeDisk } from '../../src/image/qemu/disks.ts'
import { type Board, boot, IN_RAM, rootMounts } from './harness/board.ts'
import { makeTestImage, type TestImage } from './harness/image.ts'

const CHAIN = ['skiff/base', 'generic/network', 'generic/arm64']
const LIMIT = 30e6
const signal = () => AbortSignal.timeout(120_000)

/** Modules with devices of their own that nothing names, of those that the core has for WiFi. */
const UNNAMED = `cd /usr/lib/modules/*/kernel/drivers/net/wireless || exit
for file in $(find . -name '*.ko'); do
  [ -n "$(/usr/sbin/modinfo -F alias "$PWD/$file")" ] || continue
  name=$(basename "$file" .ko | tr - _)
  grep -qx "blacklist $name" /usr/lib/modprobe.d/skiff-firmware.conf || echo "$name"
done`

describe('a generic arm64 board', { timeout: 500_000 }, () => {
  let image: TestImage
  before(
    async () => {
      image = await makeTestImage(CHAIN)
    },
    { timeout: 300_000 },
  )
  after(async () => image[Symbol.asyncDispose]())

  const size = (name: string) => image.manifest.files.find((file) => file.name === name)?.size ?? Number.NaN

  async function start(): Promise<Board> {
    const [persist, partition] = [join(image.folder, 'persist.img'), join(image.folder, 'boot.img')]
    await makeDisk(persist, { label: 'persist', megabytes: 64, files: {} }, signal())
    const disks = [{ file: persist }]
    if (await makeBootDisk(partition, image.output, signal())) disks.push({ file: partition })
    return boot(image, { disks })
  }

  it('boots to a login, with firmware from the boot partition where the mirror has it', async () => {
    await using board = await start()
    assert.deepEqual(await rootMounts(board), IN_RAM)
    const { stdout: status, status: exit } = await board.sh(
      'systemctl is-active --quiet skiff-firmware.service || sleep 10; skiff status',
    )
    assert.equal(exit, 0, status)
    const there = Number.isFinite(size('firmware.squashfs'))
    assert.match(
      status,
      there ? /firmware: \/mnt\/boot\/firmware\.squashfs is used/ : /firmware: this image has none/,
    )
    const { stdout: path } = await board.sh('cat /sys/module/firmware_class/parameters/path')
    assert.equal(path.trim(), there ? '/run/skiff/firmware/usr/lib/firmware' : '')
    if (there) {
      const found = await board.sh('ls /run/skiff/firmware/usr/lib/firmware')
      assert.match(found.stdout, /brcm/, found.stdout)
    }
    const { stdout: unnamed } = await board.sh(UNNAMED, 120_000)
    assert.equal(unnamed, '', 'they would ask for firmware before it is there')
    const held = await board.sh('/usr/sbin/modprobe --showconfig | grep -c "^blacklist rtl8xxxu"')
    assert.equal(held.stdout.trim(), '0', 'once it is there, nothing is held back')
    console.log(`login after ${(board.login / 1000).toFixed(1)} s`)
  })

  it('with firmware that is damaged says so, and lets everybody in all the same', async (t) => {
    const file = join(image.output, 'firmware.squashfs')
    if (!Number.isFinite(size('firmware.squashfs'))) return t.skip('the mirror has no firmware')
    const good = readFileSync(file)
    const bad = Buffer.from(good)
    bad[bad.length >> 1] = (bad[bad.length >> 1] ?? 0) ^ 1
    rmSync(file)
    writeFileSync(file, bad)
    try {
      await using board = await start()
      const { stdout } = await board.sh(
        'for _ in 1 2 3 4 5 6 7 8 9 10; do [ -e /run/skiff/notes/firmware ] && break; sleep 1; done; skiff status',
      )
      assert.match(stdout, /firmware: .*firmware\.squashfs is damaged/)
      const { stdout: path } = await board.sh('cat /sys/module/firmware_class/parameters/path')
      assert.equal(path.trim(), '')
    } finally {
      writeFileSync(file, good)
    }
  })

  it('is small: kernel as U-Boot takes it and initramfs together', () => {
    const whole = size('boot/kernel.lzma') + size('initramfs')
    console.log(`${(whole / 1e6).toFixed(2)} MB, firmware ${(size('firmware.squashfs') / 1e6).toFixed(1)} MB`)
    // packed fast, which adds a sixth; packed small it is below 30 MB, which make bench-image shows
    assert.ok(whole < LIMIT * 1.15, `${whole} bytes`)
  })
})
