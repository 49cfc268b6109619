// What may be wrong with a board's disks and clock, one boot each: every one of them ends in a login, and
// `skiff status` says what it was. The table in docs/boot.md is what was seen here.
import assert from 'node:assert/strict'
import { closeSync, openSync, readSync, truncateSync, writeSync } from 'node:fs'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { makeBootDisk, makeDisk } from '../../src/image/qemu/disks.ts'
import type { Disk } from '../../src/image/qemu/machine.ts'
import { type Board, type BoardOptions, boot } from './harness/board.ts'
import { makeTestImage, type TestImage } from './harness/image.ts'

const CHAIN = ['skiff/base', 'virt/common', 'virt/qemu', 'apps/docker']
const MAGIC = 1080
const signal = () => AbortSignal.timeout(120_000)

/** Bytes that mean nothing to anybody, the same in every run. */
const garbage = (length: number) => Buffer.from(Array.from({ length }, (_, at) => (at * 151 + 7) % 256))

function flipBit(file: string, offset: number): void {
  const handle = openSync(file, 'r+')
  const byte = Buffer.alloc(1)
  readSync(handle, byte, 0, 1, offset)
  writeSync(handle, Buffer.from([(byte[0] ?? 0) ^ 4]), 0, 1, offset)
  closeSync(handle)
}

describe('a board ends in a login', { timeout: 3_000_000 }, () => {
  let image: TestImage
  let engine: Disk
  before(async () => {
    image = await makeTestImage(CHAIN)
    engine = { file: join(image.folder, 'boot.img'), readOnly: true }
    await makeBootDisk(engine.file, image.output, signal())
  })
  after(async () => image[Symbol.asyncDispose]())

  const place = (name: string) => join(image.folder, name)
  const persist = async (name: string, files: Record<string, string | Buffer> = {}, megabytes = 256) => {
    await makeDisk(place(name), { label: 'persist', megabytes, files }, signal())
    return place(name)
  }
  /** Boots, checks what holds for every boot, and gives what `skiff status` says. */
  async function status(board: Board, what: string): Promise<string> {
    const mounts = (await board.sh('cat /proc/mounts')).stdout
    const root = mounts.split('\n').filter((line) => line.split(' ')[1] === '/')
    assert.deepEqual(
      root.map((line) => line.split(' ').slice(0, 3).join(' ')),
      ['overlay / overlay'],
    )
    // what follows the login has its time too
    await board.sh('timeout 90 sh -c "until systemctl is-active -q skiff-engine; do sleep 1; done"', 120_000)
    const { stdout } = await board.sh('skiff status')
    const problems = stdout.split('\n').filter((line) => line.startsWith(' ! '))
    console.log(
      `| ${what} | ${(board.login / 1000).toFixed(0)} s | ${problems.map((each) => each.slice(7)).join('; ')} |`,
    )
    return stdout
  }
  const login = (disks: readonly Disk[], options: BoardOptions = {}) => boot(image, { disks, ...options })

  it('with persist good and the engine there: Docker runs', async () => {
    await using board = await login([{ file: await persist('good.img', {}, 1024) }, engine], { memory: 1024 })
    const said = await status(board, 'all good')
    assert.match(said, /-----> engine: .* is used/)
    const docker = await board.sh('timeout 150 sh -c "until docker info; do sleep 2; done"', 160_000)
    assert.match(docker.stdout, /Storage Driver: overlay2/)
    assert.match(docker.stdout, /Docker Root Dir: \/mnt\/persist\/skiff\/docker/)
  })

  it('with no persist at all', async () => {
    await using board = await login([engine])
    assert.match(
      await status(board, 'persist absent'),
      / ! {5}persist: no file system with the label persist/,
    )
  })

  it('with a disk that nobody formatted', async () => {
    await writeFile(place('raw.img'), '')
    truncateSync(place('raw.img'), 64 * 2 ** 20)
    await using board = await login([{ file: place('raw.img') }, engine])
    assert.match(await status(board, 'persist unformatted'), / ! {5}persist: no file system/)
  })

  it('with a bit of its superblock flipped: the copy of it mends persist', async () => {
    const file = await persist('flipped.img', { 'skiff/keys/me.pub': image.persistPublic })
    flipBit(file, MAGIC)
    await using board = await login([{ file }, engine], { key: image.persistKey })
    assert.match(await status(board, 'superblock, a bit flipped'), / ! {5}persist: .* has been mended/)
  })

  it('with persist full', async () => {
    for (let size = 62 * 2 ** 20; ; size -= 2 ** 18) {
      const made = await persist('full.img', { fill: Buffer.alloc(size, 1) }, 64).catch(() => undefined)
      if (made !== undefined) break
    }
    await using board = await login([{ file: place('full.img') }, engine])
    assert.match(await status(board, 'persist full'), / ! {5}persist: .* (is full|cannot be written)/)
  })

  it('with persist on a device that cannot be written', async () => {
    const file = await persist('read-only.img', { 'skiff/keys/me.pub': image.persistPublic })
    await using board = await login([{ file, readOnly: true }, engine], { key: image.persistKey })
    assert.match(await status(board, 'persist read-only'), / ! {5}persist: .* read-only/)
  })

  it('with garbage in every file that persist may have', async () => {
    const etc = [
      'passwd',
      'shadow',
      'group',
      'nsswitch.conf',
      'ld.so.preload',
      'profile',
      'hostname',
      'hosts',
    ]
    const more = ['ssh/sshd_config', 'systemd/network/80-wired.network', 'systemd/system/sshd.service']
    const own = ['hostname', 'machine-id', 'attempts', 'clock', 'keys/a.pub', 'ssh/ssh_host_ed25519_key']
    const networks = ['network/10-a.network', 'wifi/wpa_supplicant_wlan0.conf']
    const names = [...[...etc, ...more].map((name) => `etc/${name}`), ...own, ...networks]
    const files = Object.fromEntries(names.map((name) => [`skiff/${name}`, garbage(3000)]))
    await using board = await login([{ file: await persist('garbage.img', files) }, engine])
    const said = await status(board, 'garbage in every override')
    for (const word of [
      'sshd_config was skipped',
      '10-a.network',
      'skiff/hostname',
      'host-key',
      'are no keys',
    ])
      assert.ok(said.includes(word), `${word} in ${said}`)
  })

  it('with a clock that says 2000: time starts where the image was made', async () => {
    const file = await persist('clock.img')
    await using board = await login([{ file }, engine], { extra: ['-rtc', 'base=2000-01-01T00:00:00'] })
    await status(board, 'clock of 2000')
    const { stdout } = await board.sh('date -u +%s')
    assert.ok(Number(stdout) >= image.manifest.time, stdout)
  })

  it('with no engine image', async () => {
    await using board = await login([{ file: await persist('no-engine.img') }])
    assert.match(await status(board, 'engine missing'), / ! {5}engine: there is no engine.squashfs/)
  })

  it('with a bit of the engine image flipped', async () => {
    const file = place('corrupt.img')
    await copyFile(engine.file, file)
    flipBit(file, 40 * 2 ** 20)
    await using board = await login([{ file: await persist('corrupt-engine.img') }, { file, readOnly: true }])
    assert.match(await status(board, 'engine, a bit flipped'), / ! {5}engine: .* damaged/)
  })

  it('with 256 MB of RAM', async () => {
    await using board = await login([{ file: await persist('small.img', {}, 512) }, engine], { memory: 256 })
    await status(board, '256 MB')
    const swap = await board.sh('grep -c zram /proc/swaps')
    assert.equal(swap.stdout.trim(), '1')
  })

  it('in safe mode after three boots in which nobody could have got in', async () => {
    const files = { 'skiff/attempts': '3\n', 'skiff/hostname': 'wrong\n' }
    await using board = await login([{ file: await persist('attempts.img', files) }, engine])
    const said = await status(board, 'three boots in vain')
    assert.match(said, / ! {5}safe-mode: nobody could have got in for 3 boots/)
    assert.match(said, /^=====> skiff$/m)
    assert.equal((await board.sh('cat /mnt/persist/skiff/attempts')).stdout.trim(), '0')
  })
})
