// Runs in a user namespace that has registrations of binfmt_misc of its own (Linux 6.7), so that what it registers
// and takes back touches nobody else's. Prints what it saw as JSON; `shared` where the kernel has no such thing.
import { readdirSync, writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { isFailure } from '../../../src/core/errors.ts'
import { architectureOf, parsePlatform } from '../../../src/core/platform.ts'
import {
  emulationOf,
  hostPlatform,
  registerEmulator,
  registrationLine,
  requireEmulation,
  unregisterEmulator,
} from '../../../src/host/emulation/binfmt.ts'
import { tinyProgram } from '../../../src/host/emulation/elf.ts'
import { execute } from './execute.ts'

const FOLDER = '/proc/sys/fs/binfmt_misc'
const [folder = '', name = ''] = process.argv.slice(2)
const host = hostPlatform()
const platform = parsePlatform(name)
const architecture = architectureOf(platform)
const arm = architectureOf(parsePlatform('linux/arm/v7'))

/** Exit status of a program for ARM that ends with 7, or why it did not start. */
async function runForeign(): Promise<number | string | null> {
  const file = join(folder, 'seven')
  // mov r0, #7; mov r7, #1; svc #0
  const code = [0x07, 0x00, 0xa0, 0xe3, 0x01, 0x70, 0xa0, 0xe3, 0x00, 0x00, 0x00, 0xef]
  writeFileSync(file, tinyProgram(arm.elf, code), { mode: 0o700 })
  return execute(file, []).then(
    ({ status }) => status,
    (error: NodeJS.ErrnoException) => error.code ?? 'failed',
  )
}

const problemOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: unknown) =>
      isFailure(error, 'emulator-missing') ? `${error.message}; ${error.hint}` : String(error),
  )

async function probe() {
  const mounted = await execute('mount', ['-t', 'binfmt_misc', 'binfmt_misc', FOLDER])
  if (mounted.status !== 0 || readdirSync(FOLDER).length > 2) return 'shared'
  await execute('umount', [FOLDER])
  const before = { who: await emulationOf(platform, host), ran: await runForeign() }
  // mounts it itself
  const registered = [await registerEmulator(architecture), await registerEmulator(architecture)]
  const during = { who: await emulationOf(platform, host), ran: await runForeign() }
  await unregisterEmulator(architecture)
  const after = await emulationOf(platform, host)
  writeFileSync(
    join(FOLDER, 'register'),
    registrationLine(architecture, '/usr/bin/qemu-none', release()).replace(/OCFP?$/, ''),
  )
  const unfixed = await problemOf(requireEmulation(platform, host))
  await unregisterEmulator(architecture)
  const required = await requireEmulation(platform, host)
  await unregisterEmulator(architecture)
  for (const path of [`/usr/bin/qemu-${architecture.qemu}-static`, `/usr/bin/qemu-${architecture.qemu}`])
    await execute('mount', ['--bind', '/dev/null', path])
  const missing = await problemOf(requireEmulation(platform, host))
  return { before, registered, during, after, unfixed, required, missing }
}

console.log(JSON.stringify(await probe()))
