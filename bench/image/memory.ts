// What a board of 512 MB has left at the prompt, and when Docker has started; and when that is.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Result, result } from '../result.ts'
import { ours } from './disks.ts'
import { imageOf } from './images.ts'
import { type Bootable, type LoggedIn, powerOn } from './login.ts'

const MEMORY = 512
const GOAL = 330
/** After a start things are still freed. */
const SETTLE = 15_000
/** An emulated board takes a while. */
const DOCKER = 300_000
export const UNTIL_DOCKER = 'until docker info >/dev/null 2>&1; do sleep 0.2; done'

const UNTIL_CREW = 'until crew version >/dev/null 2>&1; do sleep 1; done'

/** MiB that Linux says are available, the median of a few looks. */
async function available({ sh }: LoggedIn): Promise<number> {
  await sleep(SETTLE)
  const looks: number[] = []
  for (let look = 0; look < 5; look++) {
    const kilobytes = (await sh('cat /proc/meminfo')).match(/^MemAvailable:\s+(\d+) kB$/m)?.[1]
    looks.push(Number(kilobytes) / 1024)
  }
  console.error(`       available, MiB: ${looks.map((look) => look.toFixed(1)).join(' ')}`)
  return looks.sort((a, b) => a - b)[2] ?? Number.NaN
}

/** Boots an image, waits until a command on it succeeds, and looks. */
async function after(bootable: Bootable, until: string) {
  await using board = await powerOn(bootable, MEMORY)
  await board.sh(until, DOCKER)
  const since = board.since()
  // awaited here: the board is switched off when this is left
  return { since, left: await available(board), login: board.took }
}

export async function memory(): Promise<Result[]> {
  const [docker, crew] = [await imageOf('docker', 'small'), await imageOf('crew', 'small')]
  const prompt = await after(await ours(docker, false), 'true')
  const withDocker = await after(await ours(docker, true), UNTIL_DOCKER)
  const withCrew = await after(await ours(crew, true), UNTIL_CREW)
  const of = { against: MEMORY, what_against: `of ${MEMORY} MiB`, unit: 'MiB' }
  const login = {
    against: withDocker.login,
    what_against: `login over SSH, same boot, ${MEMORY} MiB`,
    unit: 's',
  }
  return [
    result('available at the prompt, without the engine', { ours: prompt.left, ...of }, '', true),
    result(
      'available after Docker has started',
      { ours: withDocker.left, ...of },
      `at least ${GOAL} MiB`,
      withDocker.left >= GOAL,
    ),
    result('available after Docker and Crew have started', { ours: withCrew.left, ...of }, '', true),
    result('power-on to docker info', { ours: withDocker.since, ...login }, '', true),
  ]
}
