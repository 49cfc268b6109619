// Cards for tests of the skiff tool: image files, loop devices over them, and workspaces with an image at hand.
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Ended, execute } from '../../engine/harness/execute.ts'

const SKIFF = new URL('../../../bin/skiff', import.meta.url).pathname

export interface Bench {
  /** Where the set of the workspace is to be. */
  readonly output: string
  /** Runs `skiff run <command> [argument…]` with the questions answered with yes. */
  readonly run: (
    command: string,
    args?: readonly string[],
    env?: Readonly<Record<string, string>>,
  ) => Promise<Ended>
}

/** A workspace below a folder, with its chain. */
export function bench(folder: string, chain: string): Bench {
  const common = {
    ...{ SKIFF_WORKSPACES: join(folder, 'workspaces'), SKIFF_WORKSPACE: 'card', SKIFF_CONFIG: chain },
    // whatever the caller's own environment names is not to be touched
    ...{ SKIFF_NO_INTERACTIVE: '1', SKIFF_SD: '', ODROID_SD: '', PI_SD: '', SKIFF_CARD_FAILPOINT: '' },
  }
  return {
    output: join(folder, 'workspaces/card/output'),
    run: (command, args = [], env = {}) =>
      execute(SKIFF, ['run', command, ...args], { env: { ...common, ...env }, timeout: 100_000 }),
  }
}

/** An image file that takes no space until it is written to. */
export function imageFile(path: string, size: number): string {
  writeFileSync(path, '')
  truncateSync(path, size)
  return path
}

async function must(command: string, args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await execute(command, args)
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`)
  return stdout.trim()
}

export interface Loop extends AsyncDisposable {
  readonly path: string
  /** Has the kernel look for partitions, also a kernel that does not by itself. @returns their devices */
  readonly partitions: () => Promise<string[]>
}

/** A loop device over a file, which goes with all that is on it. */
export async function loopDevice(file: string): Promise<Loop> {
  const path = await must('losetup', ['--find', '--show', file])
  return {
    path,
    partitions: async () => {
      await execute('partx', ['--update', path])
      const { blockdevices } = JSON.parse(await must('lsblk', ['--json', '--output', 'NAME,PATH', path]))
      const [{ children = [] }] = blockdevices as [{ children?: { path: string }[] }]
      return children.map((child) => child.path)
    },
    async [Symbol.asyncDispose]() {
      await execute('partx', ['--delete', path])
      await must('losetup', ['--detach', path])
    },
  }
}

/** Something mounted, which is unmounted when the test is over. */
export async function mounted(what: string, where: string, ...options: string[]): Promise<AsyncDisposable> {
  mkdirSync(where, { recursive: true })
  await must('mount', [...options, what, where])
  return {
    async [Symbol.asyncDispose]() {
      await must('umount', [where])
    },
  }
}
