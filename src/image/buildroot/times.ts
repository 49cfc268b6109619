// How long each package took: from Buildroot's own log of its steps, kept for the estimate of the next compile.
import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { writeWhole } from '../../host/files/write.ts'
import type { Times } from './progress.ts'

const LINE = /^(\d+\.\d+):(start|end) *:([^:]*): (\S+)$/

/**
 * Sums the steps of each package in build-time.log. A step that did not come to its end counts for nothing. Pure.
 * @returns milliseconds
 */
export function parseBuildTimes(text: string): Times {
  const begun = new Map<string, number>()
  // the last run of a step counts: a package that was compiled again took that long
  const steps = new Map<string, Map<string, number>>()
  for (const line of text.split('\n')) {
    const [, at = '', what, step = '', name = ''] = LINE.exec(line) ?? []
    const key = `${name} ${step.trim()}`
    if (what === 'start') begun.set(key, Number(at))
    const since = begun.get(key)
    if (what !== 'end' || since === undefined) continue
    const known = steps.get(name) ?? new Map()
    steps.set(name, known.set(step.trim(), Math.round((Number(at) - since) * 1000)))
  }
  return new Map([...steps].map(([name, each]) => [name, [...each.values()].reduce((a, b) => a + b, 0)]))
}

const kept = z.record(z.string(), z.number().nonnegative())

/** @returns none when there are none, or when they cannot be read: an estimate is all that hangs on them */
export async function readTimes(path: string): Promise<Times> {
  try {
    return new Map(Object.entries(kept.parse(JSON.parse(await readFile(path, 'utf8')))))
  } catch {
    return new Map()
  }
}

/** Adds what the last compile took. @param log path of build-time.log, which may not be there */
export async function keepTimes(path: string, log: string): Promise<void> {
  const text = await readFile(log, 'utf8').catch(() => '')
  const all = new Map([...(await readTimes(path)), ...parseBuildTimes(text)])
  await writeWhole(path, `${JSON.stringify(Object.fromEntries(all), null, 1)}\n`, 0o644)
}
