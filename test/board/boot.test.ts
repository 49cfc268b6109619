// Real boots: an image is assembled, started in QEMU, and somebody logs in. What is wrong with its disks is in the
// title; a login is what every boot ends with.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { makeDisk } from '../../src/image/qemu/disks.ts'
import { boot, IN_RAM, rootMounts } from './harness/board.ts'
import { makeTestImage, type TestImage } from './harness/image.ts'

const CHAIN = ['skiff/base', 'virt/common', 'virt/qemu']
const MB = 1e6
const signal = () => AbortSignal.timeout(120_000)

describe('an arm64 board', { timeout: 280_000 }, () => {
  let image: TestImage
  before(
    async () => {
      image = await makeTestImage(CHAIN)
    },
    { timeout: 200_000 },
  )
  after(async () => image[Symbol.asyncDispose]())

  it('boots from RAM to a login with a key from persist, keeps its host key, and has no disk under /', async () => {
    const persist = join(image.folder, 'good.img')
    const files = { 'skiff/keys/me.pub': image.persistPublic, 'skiff/hostname': 'kitchen\n' }
    await makeDisk(persist, { label: 'persist', megabytes: 64, files }, signal())
    const options = { disks: [{ file: persist }], key: image.persistKey }
    await using board = await boot(image, options)
    assert.deepEqual(await rootMounts(board), IN_RAM)
    const { stdout: status, status: exit } = await board.sh('hostname; skiff status')
    assert.match(status, /^kitchen\n/)
    assert.match(status, /-----> keys: 2 may log in/)
    assert.equal(exit, 0, status)
    const kept = await board.sh(
      'cmp /etc/ssh/ssh_host_ed25519_key /mnt/persist/skiff/ssh/ssh_host_ed25519_key',
    )
    assert.equal(kept.status, 0)
    const password = await board.sh('/usr/sbin/sshd -T -o PasswordAuthentication=no | grep -i ^passwordauth')
    assert.match(password.stdout, /passwordauthentication no/)
    // the disk was there before systemd looked for it: udev would have come to it seconds later
    const kernel = await board.sh('dmesg | grep -nE "virtio_blk .* \\[vda\\]|systemd\\[1\\]:" | head -n 1')
    assert.match(kernel.stdout, /virtio_blk/, 'drivers are loaded by the first process')
    console.log(`login after ${(board.login / 1000).toFixed(1)} s`)
  })

  it('is small: kernel as U-Boot takes it and initramfs together', () => {
    const size = (name: string) => image.manifest.files.find((file) => file.name === name)?.size ?? Number.NaN
    // packed fast; docs/boot.md has the figure of an image that is packed small
    const whole = size('boot/kernel.lzma') + size('initramfs')
    // 3 MB more than packed small, which is to be below 26 MB
    assert.ok(whole < 29 * MB, `${whole} bytes`)
  })
})
