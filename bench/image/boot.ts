// Power-on to a login over SSH, beside Debian's stock initramfs with its root on a disk; and when SSH is there,
// beside the network.
import { loadavg } from 'node:os'
import { median, type Result, result } from '../result.ts'
import { ours } from './disks.ts'
import { imageOf } from './images.ts'
import { type LoggedIn, powerOn } from './login.ts'
import { runs } from './place.ts'
import { requireSameKernel, stock } from './stock.ts'

const MEMORY = 1024
const RATIO = 0.6
const BEHIND = 2

/** Seconds since the kernel's start of the first line of the journal that says something. Pure. */
export function momentOf(journal: string, unit: string, words: RegExp): number {
  for (const line of journal.split('\n')) {
    const found = /^\[\s*([\d.]+)\] \S+ ([^\s[:]+)[^:]*: (.*)$/.exec(line)
    if (found?.[2] === unit && words.test(found[3] ?? '')) return Number(found[1])
  }
  throw new Error(`the journal has no line of ${unit} that fits ${words}:\n${journal.slice(-3000)}`)
}

/** Seconds by which SSH listens later than the network has an address; none when it is there first. */
async function behind({ sh }: LoggedIn): Promise<number> {
  const journal = await sh('journalctl --output=short-monotonic --no-pager --boot')
  const network = momentOf(journal, 'systemd-networkd', /DHCPv4 address/)
  const ssh = momentOf(journal, 'sshd', /Server listening/)
  console.error(`       address after ${network} s, sshd listens after ${ssh} s of the kernel's time`)
  return Math.max(0, ssh - network)
}

export async function boot(): Promise<Result[]> {
  const mine = await ours(await imageOf('crew', 'small'), true)
  const theirs = await stock()
  requireSameKernel(mine, theirs)
  const figures = { mine: [] as number[], theirs: [] as number[], behind: [] as number[] }
  for (let run = 0; run < runs(); run++) {
    for (const [name, bootable] of [
      ['theirs', theirs],
      ['mine', mine],
    ] as const) {
      const [load = 0] = loadavg()
      await using board = await powerOn(bootable, MEMORY)
      figures[name].push(board.took)
      console.error(`       ${name}: ${board.took.toFixed(1)} s (load ${load.toFixed(1)} before)`)
      if (name === 'mine') figures.behind.push(await behind(board))
    }
  }
  const [a, b] = [median(figures.mine), median(figures.theirs)]
  const late = median(figures.behind)
  const how = `medians of ${runs()}, alternating; 2 CPUs, 1 GB, every instruction emulated`
  return [
    result(
      'power-on to a login over SSH',
      { ours: a, against: b, what_against: `Debian's initramfs, root on a disk; ${how}`, unit: 's' },
      `at most ${RATIO} times`,
      a / b <= RATIO,
    ),
    result(
      'SSH after the network has an address',
      { ours: late, against: BEHIND, what_against: 'limit', unit: 's' },
      `at most ${BEHIND} s`,
      late <= BEHIND,
    ),
  ]
}
