// Resident memory of the daemon: idle, and at its highest in a large push and in a large build.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { BASE_IMAGE } from '../test/engine/harness/engine.ts'
import type { Instance } from '../test/engine/harness/instance.ts'
import { mustEnd, startInstance } from './instance.ts'
import { bigRepository } from './push.ts'
import { type Result, result } from './result.ts'

const RUNS = 3
const IDLE_LIMIT = 80
const PEAK_LIMIT = 130
const SETTLE = 10_000

/** A field of /proc/<pid>/status in MB: VmRSS is what is resident now, VmHWM the most there ever was (proc(5)). */
export function memoryOf({ pid }: Instance, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]
  if (kilobytes === undefined) throw new Error(`/proc/${pid}/status has no ${field}`)
  return Number(kilobytes) / 1000
}

/** A gigabyte in 16 files that differ and that compress well, so that only the build context is large. */
function writeContext(repository: string): void {
  const line = Buffer.from(`${'a line of a large file '.repeat(45)}\n`)
  const chunk = Buffer.concat(Array.from({ length: 1000 }, () => line))
  for (let file = 0; file < 16; file++) {
    const handle = openSync(join(repository, `${file}.txt`), 'w')
    writeSync(handle, `file ${file}\n`)
    for (let written = 0; written < 2 ** 26; written += chunk.length) writeSync(handle, chunk)
    closeSync(handle)
  }
}

/** The highest over some fresh daemons: a median would hide the run that a small board does not survive. */
const limited = (name: string, figures: readonly number[], limit: number): Result => {
  const ours = Math.max(...figures)
  return result(
    name,
    { ours, against: limit, what_against: `limit; highest of ${figures.length} runs`, unit: 'MB' },
    `under ${limit} MB`,
    ours < limit,
  )
}

export async function memory(): Promise<Result[]> {
  await using instance = await startInstance()
  const big = await bigRepository(instance)
  const context = await instance.repository('context', {
    Dockerfile: `FROM ${BASE_IMAGE}\nCOPY 0.txt /www/\nEXPOSE 5000\nCMD ["httpd", "-f", "-p", "5000", "-h", "/www"]\n`,
  })
  writeContext(context)
  await instance.commit(context, {})
  const idle: number[] = []
  const pushing: number[] = []
  const building: number[] = []
  const restart = async () => {
    await instance.stop()
    await instance.serve()
  }
  for (let run = 0; run < RUNS; run++) {
    await restart()
    await sleep(SETTLE)
    idle.push(memoryOf(instance, 'VmRSS'))
    mustEnd(
      'git push',
      await instance.git(big, ['push', '-q', instance.url(`big-${run}`), 'master:refs/heads/data'], {
        timeout: 300_000,
      }),
    )
    pushing.push(memoryOf(instance, 'VmHWM'))
    mustEnd('apps:destroy', await instance.crew(['apps:destroy', '--force', `big-${run}`]))

    await restart()
    await instance.commit(context, { touched: `${run}\n` })
    mustEnd('git push', await instance.push(context, ['master'], { timeout: 900_000 }))
    building.push(memoryOf(instance, 'VmHWM'))
  }
  return [
    limited('memory, idle', idle, IDLE_LIMIT),
    limited('memory, highest in a push of 200 MB', pushing, PEAK_LIMIT),
    limited('memory, highest in a build of a 1 GB context', building, PEAK_LIMIT),
  ]
}
