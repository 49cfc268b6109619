// A command over SSH, with one app and with a thousand, against `true` on OpenSSH.
import { join } from 'node:path'
import { parseAppName } from '../src/core/app.ts'
import { Store } from '../src/host/store/store.ts'
import { execute } from '../test/engine/harness/execute.ts'
import type { Instance } from '../test/engine/harness/instance.ts'
import { mustEnd, startInstance } from './instance.ts'
import { OpenSsh } from './openssh.ts'
import { median, type Result, result, timed } from './result.ts'

const RUNS = 25
/** Lines above the list. */
const HEADING = 1

async function compare(instance: Instance, openssh: OpenSsh, apps: number): Promise<Result> {
  const ours: number[] = []
  const theirs: number[] = []
  const peer = [...instance.sshOptions, '-p', String(openssh.port), `${openssh.user}@127.0.0.1`, 'true']
  for (let run = 0; run < RUNS; run++) {
    ours.push(
      await timed(async () => {
        const ended = await instance.ssh(['apps:list'])
        mustEnd('apps:list', ended)
        if (ended.stdout.trim().split('\n').length !== apps + HEADING) throw new Error(ended.stdout)
      }),
    )
    theirs.push(await timed(async () => mustEnd('ssh true', await execute('ssh', peer))))
  }
  const [a, b] = [median(ours), median(theirs)]
  return result(
    `ssh apps:list with ${apps} app${apps === 1 ? '' : 's'}`,
    { ours: a, against: b, what_against: 'ssh … true on OpenSSH', unit: 'ms' },
    'at most 1.2 times',
    a / b <= 1.2,
  )
}

/** Writes apps straight to the store: making each by a command would take minutes and is not what is measured. */
async function addApps(instance: Instance, count: number): Promise<void> {
  await instance.stop()
  {
    using store = new Store(join(instance.root, 'crew.db'))
    store.transaction(() => {
      for (let app = 0; app < count; app++) store.apps.create(parseAppName(`app-${app}`))
    })
  }
  await instance.serve()
}

export async function ssh(): Promise<Result[]> {
  await using instance = await startInstance()
  await using openssh = await OpenSsh.start(instance.key)
  mustEnd('apps:create', await instance.crew(['apps:create', 'one']))
  const one = await compare(instance, openssh, 1)
  await addApps(instance, 999)
  return [one, await compare(instance, openssh, 1000)]
}
