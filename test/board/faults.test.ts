// What may be wrong with a board's disks and clock, one boot each: every one of them ends in a login, and
// `skiff status` says what it was. The table in docs/boot.md is what was seen here.
import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync, readSync, truncateSync, writeSync } from 'node:fs'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { makeBootDisk, makeDisk } from '../../src/image/qemu/disks.ts'
import type { Disk } from '../../src/image/qemu/machine.ts'
import { execute } from '../engine/harness/execute.ts'
import { serveDisk } from './harness/block-server.ts'
import { type Board, type BoardOptions, boot, IN_RAM, rootMounts } from './harness/board.ts'
import { makeTestImage, type TestImage } from './harness/image.ts'

const CHAIN = ['skiff/base', 'virt/common', 'virt/qemu', 'apps/docker']
const MAGIC = 1080
/** For what takes two boots, or waits for Docker. */
const SLOW = 900_000
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

/** Sectors of the journal of a file system, from one of its blocks on. */
async function journalSectors(file: string, first: number, count: number): Promise<number[]> {
  const ask = async (program: string, args: readonly string[], what: RegExp) => {
    const { stdout, stderr } = await execute(program, args)
    const found = Number(what.exec(stdout)?.[1])
    assert.ok(found > 0, `${program}: ${stdout} ${stderr}`)
    return found
  }
  const size = await ask('/usr/sbin/dumpe2fs', ['-h', file], /^Block size: +(\d+)$/m)
  const start = await ask('/usr/sbin/debugfs', ['-R', 'stat <8>', file], /\(0-\d+\):(\d+)-/)
  const perBlock = size / 512
  return Array.from({ length: count }, (_, index) => (start + first + index) * perBlock)
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
    assert.deepEqual(await rootMounts(board), IN_RAM)
    // what follows the login has its time too
    await board.sh('timeout 90 sh -c "until systemctl is-active -q skiff-engine; do sleep 1; done"', 120_000)
    const { stdout } = await board.sh('skiff status')
    const problems = stdout.split('\n').filter((line) => line.startsWith(' ! '))
    console.log(
      `| ${what} | ${(board.login / 1000).toFixed(0)} s | ${problems.map((each) => each.slice(7)).join('; ')} |`,
    )
    return stdout
  }
  /** A disk of which these sectors fail, from the beginning. */
  async function failing(file: string, iotype: 'read' | 'write', sectors: readonly number[]): Promise<Disk> {
    const rules = sectors.map(
      (sector) =>
        `[inject-error]\nevent = "none"\niotype = "${iotype}"\nerrno = "5"\nsector = "${sector}"\nonce = "off"\n`,
    )
    await writeFile(`${file}.errors`, rules.join(''))
    return { file, through: `blkdebug:${file}.errors:` }
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

  it('with a Docker that is killed while it runs: its store stays', { timeout: SLOW }, async () => {
    await using board = await login([{ file: await persist('killed.img', {}, 1024) }, engine], {
      memory: 1024,
    })
    await status(board, 'Docker killed while it ran')
    const ready = 'timeout 150 sh -c "until docker info; do sleep 1; done" >/dev/null 2>&1'
    const killed = await board.sh(
      `${ready}; old=$(pidof dockerd); kill -9 $old; timeout 60 sh -c "while [ -d /proc/$old ]; do sleep 1; done"; ${ready} && pidof dockerd && ls /mnt/persist/skiff`,
      320_000,
    )
    assert.equal(killed.status, 0, killed.stdout + killed.stderr)
    assert.doesNotMatch(killed.stdout, /aside/)
  })

  it('with a damaged store of Docker: a fresh one starts, and the old one can be had back', {
    timeout: SLOW,
  }, async () => {
    const file = await persist('store.img', {}, 1024)
    const ready = 'timeout 150 sh -c "until docker info; do sleep 1; done" >/dev/null 2>&1'
    {
      await using board = await login([{ file }, engine], { memory: 1024 })
      const made = await board.sh(
        `${ready} && tar -C /usr/lib -c skiff | docker import - old:1 && systemctl stop docker.service docker.socket &&
        cd /mnt/persist/skiff && cp docker/network/files/local-kv.db kept.db &&
        yes garbage | head -c 65536 >docker/network/files/local-kv.db && sync`,
        180_000,
      )
      assert.equal(made.status, 0, made.stdout + made.stderr)
    }
    await using board = await login([{ file }, engine], { memory: 1024 })
    const set = 'timeout 150 sh -c "until [ -e /mnt/persist/skiff/docker.aside-1 ]; do sleep 1; done"'
    const fresh = await board.sh(`${set} && ${ready} && docker images --quiet`, 320_000)
    assert.equal(fresh.status, 0, (await board.sh('journalctl -b -u docker -n 40')).stdout)
    assert.equal(fresh.stdout, '')
    const said = await status(board, 'store of Docker damaged')
    const back = /To have it back: (\S+ back \d+)$/m.exec(said)?.[1] ?? ''
    assert.match(back, /docker-store back 1/, said)
    // what was damaged is mended by hand, and then as the sentence says
    const old = await board.sh(
      `cp /mnt/persist/skiff/kept.db /mnt/persist/skiff/docker.aside-1/network/files/local-kv.db; ${back} && ${ready} && docker images old`,
      200_000,
    )
    assert.match(old.stdout, /^old +1 /m, old.stdout + old.stderr)
    assert.match(
      (await board.sh('skiff status')).stdout,
      /-----> docker: its store is what was docker.aside-1/,
    )
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

  it('with a superblock that cannot be read', { timeout: SLOW }, async () => {
    const file = await persist('bad-superblock.img', { 'skiff/keys/me.pub': image.persistPublic })
    await using board = await login([await failing(file, 'read', [2]), engine])
    assert.match(await status(board, 'superblock cannot be read'), / ! {5}persist: /)
  })

  it('with a journal of persist that cannot be read', { timeout: SLOW }, async () => {
    const file = await persist('bad-journal.img', { 'skiff/keys/me.pub': image.persistPublic })
    const sectors = await journalSectors(file, 0, 16)
    await using board = await login([await failing(file, 'read', sectors), engine])
    assert.match(await status(board, 'journal of persist cannot be read'), / ! {5}persist: /)
  })

  it('with a disk that fails in the middle of running, which makes persist read-only', {
    timeout: SLOW,
  }, async () => {
    const file = await persist('failing.img', { 'skiff/keys/me.pub': image.persistPublic })
    // the journal is written from its beginning to its end
    const disk = await failing(file, 'write', await journalSectors(file, 600, 64))
    await using board = await login([disk, engine], { key: image.persistKey })
    const write =
      'n=0; while [ $n -lt 900 ] && date >/mnt/persist/now && sync /mnt/persist/now; do n=$((n + 1)); done; echo $n'
    const { stdout: written } = await board.sh(write, 250_000)
    assert.ok(Number(written) < 900, `nothing failed in ${written} writes`)
    assert.match(
      await status(board, 'disk fails while running'),
      / ! {5}persist: .* can no longer be written/,
    )
    assert.match((await board.sh('dmesg')).stdout, /I\/O error, dev vda/)
  })

  it('with a disk that does not answer for a minute: what is on it is used when it does', {
    timeout: SLOW,
  }, async () => {
    const own = join(image.folder, 'late-key')
    await execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', own])
    const file = await persist(
      'late.img',
      {
        'skiff/keys/me.pub': image.persistPublic,
        'skiff/ssh/ssh_host_ed25519_key': readFileSync(own),
        'skiff/machine-id': `${'5eed'.repeat(8)}\n`,
      },
      1024,
    )
    await using server = await serveDisk(file)
    server.hang()
    // the boot gives persist 40 s, and whatever waits for the disk slows it down
    const options = { memory: 1024, limit: 300_000 }
    await using board = await login([{ file: server.name }, engine], options)
    assert.match(await status(board, 'persist answers late'), / ! {5}persist: not ready after 40 s/)
    assert.ok(server.waiting() > 0, 'nobody has asked the disk')
    server.goOn()
    const came = 'timeout 100 sh -c "until grep -q persist@ /root/.ssh/authorized_keys; do sleep 1; done"'
    await board.sh(came.replace('persist@', 'persist-key'), 110_000)
    const rest = await board.sh(
      `timeout 150 sh -c "until docker info; do sleep 1; done" >/dev/null 2>&1
      cmp /etc/ssh/ssh_host_ed25519_key /mnt/persist/skiff/ssh/ssh_host_ed25519_key && cat /etc/machine-id
      grep -c " /var/log/journal " /proc/mounts; ls /mnt/persist/skiff/journal; skiff status`,
      170_000,
    )
    const id = '5eed'.repeat(8)
    assert.ok(rest.stdout.startsWith(`${id}\n1\n${id}\n`), rest.stdout)
    for (const word of ['docker      active', '-----> engine: ', '-----> persist: /dev/', 'from persist'])
      assert.ok(rest.stdout.includes(word), `${word} in ${rest.stdout}`)
    const scanned = await execute('ssh-keyscan', [
      '-t',
      'ed25519',
      '-p',
      String(board.guest.sshPort),
      '127.0.0.1',
    ])
    const shown = scanned.stdout.split(' ')[2]?.trim()
    assert.equal(shown, readFileSync(`${own}.pub`, 'utf8').split(' ')[1])
  })
})
