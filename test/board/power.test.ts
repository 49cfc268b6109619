// The plug is pulled, again and again, at moments chosen by chance: while the board boots, while it writes, while it
// stops. After every cut the next boot ends in a login, with the same host key and with all that was synced.
// CREW_POWER_CUTS says how often (6), CREW_POWER_SEED repeats the moments of an earlier run.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeBootDisk, makeDisk } from '../../src/image/qemu/disks.ts'
import type { Disk } from '../../src/image/qemu/machine.ts'
import { execute } from '../engine/harness/execute.ts'
import { type Board, boot, powerOn } from './harness/board.ts'
import { makeTestImage, type TestImage } from './harness/image.ts'
import { KINDS, type Kind, look, needsRecovery, wholeLarge, work } from './harness/power.ts'
import { seeded, shuffled } from './harness/random.ts'

const CHAIN = ['skiff/base', 'virt/common', 'virt/qemu', 'apps/docker']
const CUTS = Number(process.env.CREW_POWER_CUTS || 6)
const SEED = Number(process.env.CREW_POWER_SEED || Date.now() % 2 ** 31)
/** Milliseconds: the first login takes longest, as the host key is made in it. */
const BOOTING = 40_000
const WORKING: Readonly<Record<Exclude<Kind, 'boot'>, number>> = {
  write: 12_000,
  // it stops within four, and then there is nothing left to cut
  stop: 5_000,
  docker: 15_000,
}
/** Units have 15 s each to stop, where every instruction is emulated. */
const STOPPING = 180_000
const PER_CUT = 300_000

/** How often which kind: Docker's store takes longest to check, and is cut rarely. */
const kindsOf = (cuts: number): Kind[] =>
  Array.from({ length: cuts }, (_, index) => (index % 16 === 15 ? 'docker' : (KINDS[index % 3] ?? 'boot')))

interface Tally {
  cuts: number
  logins: number
  slowest: number
  recoveries: number
  readonly said: Set<string>
}

describe(`a board whose power is cut ${CUTS} times, seed ${SEED}`, { timeout: CUTS * PER_CUT }, () => {
  const random = seeded(SEED)
  const order = shuffled(kindsOf(CUTS), random)
  const tallies = new Map<Kind, Tally>()
  const tallyOf = (kind: Kind) => {
    const tally = tallies.get(kind) ?? { cuts: 0, logins: 0, slowest: 0, recoveries: 0, said: new Set() }
    tallies.set(kind, tally)
    return tally
  }
  let image: TestImage
  let persist: string
  let engine: Disk
  before(async () => {
    image = await makeTestImage(CHAIN)
    const signal = AbortSignal.timeout(120_000)
    const files = { 'skiff/keys/me.pub': image.persistPublic }
    persist = join(image.folder, 'power.img')
    await makeDisk(persist, { label: 'persist', megabytes: 768, files }, signal)
    engine = { file: join(image.folder, 'power-boot.img'), readOnly: true }
    await makeBootDisk(engine.file, image.output, signal)
  })
  after(async () => {
    for (const file of [persist, engine?.file]) if (file) rmSync(file, { force: true })
    await image?.[Symbol.asyncDispose]()
    console.log(
      '| cut while | cuts | logins | slowest login | journals to recover | problems that were told |',
    )
    console.log('|---|---|---|---|---|---|')
    for (const [kind, { cuts, logins, slowest, recoveries, said }] of tallies) {
      const problems = [...said].join('; ') || 'none'
      console.log(
        `| ${kind} | ${cuts} | ${logins} | ${(slowest / 1000).toFixed(0)} s | ${recoveries} | ${problems} |`,
      )
    }
  })

  /** Disks of a boot; the engine is there only when Docker has a part in what is cut or checked. */
  const options = (withEngine: boolean) => ({
    disks: [{ file: persist, cache: 'none' as const }, ...(withEngine ? [engine] : [])],
    key: image.persistKey,
    memory: withEngine ? 1024 : 512,
  })

  async function cutWhileBooting(moment: number): Promise<void> {
    const folder = mkdtempSync(join(image.folder, 'power-'))
    try {
      await using guest = await powerOn(image, options(false), folder, new AbortController().signal)
      await sleep(moment)
      await guest.cut()
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }

  /** What of a board that was cut must be as before. */
  let hostKey: string | undefined
  /** The last number that is known to be synced, and the last one that may have been. */
  let synced = 0
  let begun = 0
  async function check(board: Board, cut: Kind | undefined): Promise<void> {
    const found = await look(board)
    assert.match(found.hostKey, /^[0-9a-f]{64} /, 'the host key in use is not the one on persist')
    assert.equal(found.hostKey, hostKey ?? found.hostKey, 'the host key is another one')
    hostKey = found.hostKey
    assert.equal(found.root, 'overlay / overlay')
    assert.ok(wholeLarge(found.large), `a file that was replaced is not whole: ${found.large}`)
    for (const [what, number] of Object.entries({ counter: found.counter, override: found.name }))
      assert.ok(
        number >= synced && number <= begun,
        `${what} is ${number}: ${synced} was synced, ${begun} begun`,
      )
    synced = Math.min(found.counter, found.name)
    begun = Math.max(found.counter, found.name)
    if (cut === 'docker')
      assert.equal(
        (await board.sh('timeout 170 sh -c "until docker info; do sleep 1; done" >/dev/null 2>&1', 180_000))
          .status,
        0,
        `Docker does not start: ${(await board.sh('journalctl -b -u docker -n 20; skiff status')).stdout}`,
      )
    if (cut === undefined) return
    const problems = found.status
      .split('\n')
      .filter((line) => line.startsWith(' ! ') && !line.includes('there is no engine.squashfs'))
    const tally = tallyOf(cut)
    tally.logins += 1
    tally.slowest = Math.max(tally.slowest, board.login)
    for (const problem of problems) tally.said.add(problem.slice(7))
    console.log(`       login after ${(board.login / 1000).toFixed(1)} s, ${synced} synced`, ...problems)
  }

  it('always comes up to a login with all that was synced', { timeout: CUTS * PER_CUT }, async () => {
    let last: Kind | undefined
    for (const [index, kind] of order.entries()) {
      const label = `-----> cut ${index + 1}/${CUTS}: ${kind}`
      if (kind === 'boot') {
        const moment = Math.round(random() * BOOTING)
        console.log(`${label} after ${moment} ms`)
        // the boot that is checked after the cut before this one goes on to be switched off
        if (last !== undefined) {
          await using board = await boot(image, options(last === 'docker'))
          await check(board, last)
          await board.guest.cut()
        }
        await cutWhileBooting(moment)
      } else {
        await using board = await boot(image, options(last === 'docker' || kind === 'docker'))
        await check(board, last)
        const moment = Math.round(random() * WORKING[kind])
        console.log(`${label} after ${moment} ms`)
        // a moment counts from when the work has begun, and a session takes its time on a slow machine
        const asked = performance.now()
        await board.sh('true')
        const reaching = performance.now() - asked
        const working = work(board, kind, kind === 'docker' ? index * 1000 : begun)
        if (kind === 'docker')
          await board.sh('timeout 170 sh -c "until docker info; do sleep 1; done" >/dev/null 2>&1', 180_000)
        await sleep(reaching + moment)
        await board.guest.cut()
        const { number, said } = await working.last()
        console.log(`       it said: ${JSON.stringify(said.slice(-60))}`)
        if (kind === 'write') {
          if (number > begun) synced = number
          begun = number + 1
        }
      }
      const tally = tallyOf(kind)
      tally.cuts += 1
      if (await needsRecovery(persist)) tally.recoveries += 1
      last = kind
    }
    {
      await using board = await boot(image, options(last === 'docker'))
      await check(board, last)
      const asked = performance.now()
      await board.sh('systemctl poweroff')
      await Promise.race([board.guest.ended, sleep(STOPPING, undefined, { ref: false })])
      assert.ok(!board.guest.running(), `it does not stop: ${(await board.guest.consoleText()).slice(-500)}`)
      console.log(`-----> it stopped by itself after ${((performance.now() - asked) / 1000).toFixed(1)} s`)
    }
    const checked = await execute('/usr/sbin/e2fsck', ['-f', '-n', persist])
    assert.equal(checked.status, 0, `after a clean stop persist is not clean: ${checked.stdout}`)
  })
})
