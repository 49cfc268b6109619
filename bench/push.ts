// A 200 MB push of data that does not compress, to a branch that is only stored: ours against OpenSSH.
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Instance } from '../test/engine/harness/instance.ts'
import { mustEnd, startInstance } from './instance.ts'
import { OpenSsh } from './openssh.ts'
import { median, type Result, result, timed } from './result.ts'

const RUNS = 5
const FILES = 50
const FILE_SIZE = 4_000_000

/** A repository of 200 MB that is packed already, so that a push measures the way and not the client's packing. */
export async function bigRepository(instance: Instance): Promise<string> {
  const repository = await instance.repository('big', { README: 'random bytes\n' })
  for (let file = 0; file < FILES; file++)
    writeFileSync(join(repository, `${file}.bin`), randomBytes(FILE_SIZE))
  for (const args of [
    ['config', 'core.compression', '0'],
    ['add', '-A'],
    ['commit', '-q', '-m', 'random bytes'],
    ['repack', '-adq'],
  ])
    mustEnd(`git ${args[0]}`, await instance.git(repository, args, { timeout: 300_000 }))
  return repository
}

const pushTo = async (instance: Instance, repository: string, url: string) =>
  mustEnd(
    'git push',
    await instance.git(repository, ['push', '-q', url, 'master:refs/heads/data'], { timeout: 300_000 }),
  )

export async function push(): Promise<Result[]> {
  await using instance = await startInstance()
  await using openssh = await OpenSsh.start(instance.key)
  const repository = await bigRepository(instance)
  const ours: number[] = []
  const theirs: number[] = []
  for (let run = 0; run < RUNS; run++) {
    const app = `big-${run}`
    ours.push(await timed(() => pushTo(instance, repository, instance.url(app))))
    mustEnd('apps:destroy', await instance.crew(['apps:destroy', '--force', app]))
    const peer = await openssh.repository(app)
    theirs.push(await timed(() => pushTo(instance, repository, peer)))
  }
  const [a, b] = [median(ours) / 1000, median(theirs) / 1000]
  return [
    result(
      'push of 200 MB, incompressible',
      { ours: a, against: b, what_against: 'OpenSSH with plain git receive-pack', unit: 's' },
      'at most 1.15 times',
      a / b <= 1.15,
    ),
  ]
}
