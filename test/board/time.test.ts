// Time before whatever checks certificates: Docker starts when a time server has answered, or after a bounded wait. SSH
// never waits for it. The board's own clock says 2000 in both boots, as that of a board without a battery.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { makeBootDisk, makeDisk } from '../../src/image/qemu/disks.ts'
import { type Board, boot } from './harness/board.ts'
import { makeTestImage, type TestImage } from './harness/image.ts'
import { serveTime } from './harness/time-server.ts'

const CHAIN = ['skiff/base', 'virt/common', 'virt/qemu', 'apps/docker']
const DAYS = 30 * 86_400
const DEAD_CLOCK = ['-rtc', 'base=2000-01-01T00:00:00']
// nobody else is asked, whatever network the machine of the test has
const SERVERS = '[Time]\nNTP=10.0.2.2\nFallbackNTP=\n'
const LIMIT = 20
const SLOW = 500_000

describe('a board whose own clock is wrong', { timeout: 1_200_000 }, () => {
  let image: TestImage
  let engine: string
  before(async () => {
    image = await makeTestImage(CHAIN)
    engine = join(image.folder, 'time-boot.img')
    await makeBootDisk(engine, image.output, AbortSignal.timeout(120_000))
  })
  after(async () => image[Symbol.asyncDispose]())

  async function start(name: string): Promise<Board> {
    const file = join(image.folder, name)
    const files = { 'skiff/etc/systemd/timesyncd.conf.d/test.conf': SERVERS }
    await makeDisk(file, { label: 'persist', megabytes: 512, files }, AbortSignal.timeout(120_000))
    const disks = [{ file }, { file: engine, readOnly: true }]
    return boot(image, { disks, memory: 1024, extra: DEAD_CLOCK })
  }

  /** When units began to start: seconds since the kernel did, and by the clock of that moment. */
  async function begun(board: Board, units: readonly string[]) {
    await board.sh('timeout 170 sh -c "until docker info; do sleep 1; done" >/dev/null 2>&1', 180_000)
    const show =
      'systemctl show --timestamp=unix -p InactiveExitTimestamp,InactiveExitTimestampMonotonic,ActiveEnterTimestampMonotonic'
    const told = new Map<string, { clock: number; from: number; until: number }>()
    for (const unit of units) {
      const { stdout } = await board.sh(`${show} ${unit}`)
      const value = (name: string) => Number(new RegExp(`^${name}=@?(\\d+)$`, 'm').exec(stdout)?.[1])
      const [from, until] = [
        value('InactiveExitTimestampMonotonic') / 1e6,
        value('ActiveEnterTimestampMonotonic') / 1e6,
      ]
      told.set(unit, { clock: value('InactiveExitTimestamp'), from, until })
      console.log(`${unit}: ${from.toFixed(1)} s to ${until.toFixed(1)} s after the kernel began`)
    }
    return (unit: string) => told.get(unit) ?? assert.fail(unit)
  }
  const UNITS = ['sshd.service', 'skiff-time.service', 'docker.service']

  it('has the time of a server before Docker starts', { timeout: SLOW }, async () => {
    await using server = await serveTime(DAYS)
    await using board = await start('time.img')
    const of = await begun(board, UNITS)
    const { stdout } = await board.sh('cat /run/skiff/time; date -u +%s; skiff status')
    assert.match(stdout, /^synchronized\n/)
    assert.ok(server.asked() > 0)
    assert.match(stdout, /-----> time: synchronized over the network/)
    const right = Date.now() / 1000 + DAYS
    assert.ok(Math.abs(Number(stdout.split('\n')[1]) - right) < 60, stdout)
    assert.ok(of('docker.service').clock > right - 600, 'Docker started by a clock that was wrong')
    assert.ok(of('sshd.service').from < of('skiff-time.service').from)
  })

  it('goes on without a server after a bounded wait, and says so', { timeout: SLOW }, async () => {
    await using board = await start('no-time.img')
    const of = await begun(board, UNITS)
    const waited = of('skiff-time.service').until - of('skiff-time.service').from
    // the script itself starts slowly where every instruction is emulated
    assert.ok(waited >= LIMIT && waited < LIMIT + 15, `it waited ${waited} s`)
    assert.ok(of('docker.service').from >= of('skiff-time.service').until, 'Docker did not wait')
    assert.ok(of('sshd.service').from < of('skiff-time.service').from)
    const { stdout } = await board.sh('cat /run/skiff/time; date -u +%s; skiff status')
    assert.match(stdout, /^never\n/)
    assert.match(stdout, / ! {5}time: never synchronized/)
    assert.ok(Number(stdout.split('\n')[1]) >= image.manifest.time, stdout)
  })
})
