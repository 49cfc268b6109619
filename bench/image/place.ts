// Where the benches of the image keep what they make, and the keys that they log in with.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execute } from '../../test/engine/harness/execute.ts'
import { mustEnd } from '../instance.ts'

let made: string | undefined

/** CREW_BENCH_FOLDER, which stays, or a folder that goes with this process. */
export function folder(): string {
  if (made !== undefined) return made
  const given = process.env.CREW_BENCH_FOLDER
  if (given) mkdirSync(given, { recursive: true })
  const fresh = given || mkdtempSync(join(tmpdir(), 'crew-bench-'))
  if (!given) process.once('exit', () => rmSync(fresh, { recursive: true, force: true }))
  made = fresh
  return fresh
}

/** How often a boot is measured. */
export const runs = (): number => {
  const given = Number(process.env.CREW_BENCH_RUNS || 3)
  if (!Number.isInteger(given) || given < 1) throw new Error('CREW_BENCH_RUNS is a number of boots')
  return given
}

/** A pair of keys: the private one's path; beside it is the public one. */
export async function keyPair(name: 'login' | 'host'): Promise<string> {
  const file = join(folder(), `${name}-key`)
  if (!existsSync(file))
    mustEnd(
      'ssh-keygen',
      await execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file]),
    )
  return file
}
