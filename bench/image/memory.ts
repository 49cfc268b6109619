// What a board of 512 MB has left at the prompt, and when Docker has started; and when that is.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Result, result } from '../result.ts'
import { ours } from './disks.ts'
import { imageOf } from './images.ts'
import { type LoggedIn, powerOn } from './login.ts'

const MEMORY = 512
const GOAL = 330
/** After a start things are still freed. */
const SETTLE = 15_000
/** An emulated board takes a while. */
const DOCKER = 300_000
export const UNTIL_DOCKER = 'until docker info >/dev/null 2>&1; do sleep 0.2; done'

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

export async function memory(): Promise<Result[]> {
  const image = await imageOf('crew', 'small')
  const prompt = await (async () => {
    await using board = await powerOn(await ours(image, false), MEMORY)
    // awaited here: the board is switched off when this block is left
    return await available(board)
  })()
  await using board = await powerOn(await ours(image, true), MEMORY)
  await board.sh(UNTIL_DOCKER, DOCKER)
  const docker = board.since()
  const after = await available(board)
  const of = { against: MEMORY, what_against: `of ${MEMORY} MiB`, unit: 'MiB' }
  return [
    result('available at the prompt, without the engine', { ours: prompt, ...of }, '', true),
    result(
      'available after Docker has started',
      { ours: after, ...of },
      `at least ${GOAL} MiB`,
      after >= GOAL,
    ),
    result(
      'power-on to docker info',
      { ours: docker, against: board.took, what_against: 'login over SSH, same boot, 512 MiB', unit: 's' },
      '',
      true,
    ),
  ]
}
