// Whether this machine runs programs of another architecture: by itself, or by an emulator that the kernel starts
// for them (Documentation/admin-guide/binfmt-misc.rst). Registrations are the whole kernel's, containers included.
import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { machine, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { failure } from '../../core/errors.ts'
import {
  type Architecture,
  architectureOf,
  findArchitecture,
  type Platform,
  runsOn,
} from '../../core/platform.ts'
import { run } from '../process/run.ts'
import { elfOf, elfStart, isDynamic, tinyProgram } from './elf.ts'

const FOLDER = '/proc/sys/fs/binfmt_misc'

/** Who runs programs of a foreign architecture. */
export interface Emulator {
  readonly emulator: string
  /** The kernel holds it open (flag F), so that it is found where its file is not: in a container. */
  readonly fixed: boolean
}

interface Registration extends Emulator {
  readonly name: string
  readonly matches: (start: Uint8Array) => boolean
}

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'))

/** Reads one file of binfmt_misc. @returns undefined for one that is off, or that goes by a file's name */
export function parseRegistration(name: string, text: string): Registration | undefined {
  const field = (key: string) => new RegExp(`^${key}:? (\\S+)$`, 'm').exec(text)?.[1]
  const [emulator, magic] = [field('interpreter'), field('magic')]
  if (!/^enabled$/m.test(text) || emulator === undefined || magic === undefined) return undefined
  const wanted = hex(magic)
  const mask = hex(field('mask') ?? 'ff'.repeat(wanted.length))
  const offset = Number(field('offset') ?? 0)
  return {
    name,
    emulator,
    fixed: field('flags')?.includes('F') === true,
    matches: (start) =>
      wanted.every((byte, index) => {
        const bits = mask[index] ?? 0xff
        return ((start[offset + index] ?? 0) & bits) === (byte & bits)
      }),
  }
}

async function registrations(): Promise<Registration[]> {
  const names = await readdir(FOLDER).catch(() => [])
  const status = await readFile(join(FOLDER, 'status'), 'utf8').catch(() => '')
  if (status.trim() !== 'enabled') return []
  const found = await Promise.all(
    names
      .filter((name) => name !== 'register' && name !== 'status')
      .map(async (name) =>
        parseRegistration(name, await readFile(join(FOLDER, name), 'utf8').catch(() => '')),
      ),
  )
  return found.filter((each) => each !== undefined)
}

async function registeredFor({ elf }: Architecture): Promise<Registration | undefined> {
  const start = elfStart(elf)
  const found = (await registrations()).filter((each) => each.matches(start))
  return found.find((each) => each.fixed) ?? found[0]
}

/** The platform of this machine: that of the kernel, or of this program where it is the narrower of the two. */
export function hostPlatform(): Platform {
  const kernel = findArchitecture(machine())
  const own = process.arch === 'arm' || process.arch === 'ia32' ? process.arch : undefined
  const found =
    own !== undefined && kernel?.elf.bits !== 32 ? findArchitecture(own === 'arm' ? 'arm' : '386') : kernel
  if (!found) throw new TypeError(`Crew knows no platform for ${machine()}`)
  return found.platform
}

/** What the least program ends with: a system that takes it for a script instead ends with something else. */
const RAN = 42
// exit(RAN): instructions and the kernel's call, by e_machine
const EXIT: Readonly<Record<number, readonly number[]>> = {
  // mov eax, 1; mov ebx, RAN; int 0x80
  3: [0xb8, 1, 0, 0, 0, 0xbb, RAN, 0, 0, 0, 0xcd, 0x80],
  // mov r0, #RAN; mov r7, #1; svc #0
  40: [RAN, 0x00, 0xa0, 0xe3, 0x01, 0x70, 0xa0, 0xe3, 0x00, 0x00, 0x00, 0xef],
}

/**
 * Whether a 64-bit processor runs its 32-bit elder too. Many ARM cores do not any more, some kernels are built
 * without it, and what /proc says of it differs: so the least program there is gets tried.
 */
async function runsElder({ elf }: Architecture, host: Architecture): Promise<boolean> {
  const pair = `${host.goarch}/${elf.machine}`
  const code = EXIT[elf.machine]
  if ((pair !== 'amd64/3' && pair !== 'arm64/40') || code === undefined) return false
  const folder = await mkdtemp(join(tmpdir(), 'crew-elf-'))
  try {
    const file = join(folder, 'exit')
    await writeFile(file, tinyProgram(elf, code), { mode: 0o700 })
    return (await run(file, [], { timeout: 5_000 })).status === RAN
  } catch {
    // a folder from which nothing may be run
    return false
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Who runs programs of `platform` on this machine. The kernel asks its registrations before it looks at the
 * processor, and so does this.
 * @returns undefined when nobody does
 */
export async function emulationOf(
  platform: Platform,
  host: Platform,
): Promise<'native' | Emulator | undefined> {
  if (runsOn(platform, host)) return 'native'
  const architecture = architectureOf(platform)
  const found = await registeredFor(architecture)
  if (found) return { emulator: found.emulator, fixed: found.fixed }
  return (await runsElder(architecture, architectureOf(host))) ? 'native' : undefined
}

/** Enough of a program for its header and its table of segments. */
const HEAD = 4096

/** QEMU's emulator of an architecture, where Debian has it; one that needs libraries is of no use in a container. */
async function installedEmulator({ qemu }: Architecture): Promise<string | undefined> {
  for (const path of [`/usr/bin/qemu-${qemu}-static`, `/usr/bin/qemu-${qemu}`]) {
    const file = await open(path).catch(() => undefined)
    if (!file) continue
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD), 0, HEAD, 0)
      const head = buffer.subarray(0, bytesRead)
      if (elfOf(head) && !isDynamic(head)) return path
    } finally {
      await file.close()
    }
  }
  return undefined
}

const escaped = (bytes: Iterable<number>) =>
  [...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')

/** Since Linux 5.12 the kernel tells QEMU that a program's own argv[0] follows its path (AT_FLAGS_PRESERVE_ARGV0). */
const TELLS_NAME = [5, 12] as const

/**
 * The line that registers an emulator. Static and position-independent programs, and any OS ABI, match. The name by
 * which a program was called is kept (flag P) where QEMU can be told of it: BusyBox is all programs in one file, and its
 * shell starts itself under their names. Pure.
 * @param kernel release of this machine's kernel
 */
export function registrationLine({ elf, qemu }: Architecture, emulator: string, kernel: string): string {
  const magic = elfStart(elf)
  const mask = magic.map(() => 0xff)
  // SYSV to GNU, as Debian registers them
  mask[7] = 0xfc
  mask[elf.little ? 16 : 17] = 0xfe
  const [major = 0, minor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10))
  const named = major > TELLS_NAME[0] || (major === TELLS_NAME[0] && minor >= TELLS_NAME[1])
  return `:qemu-${qemu}:M::${escaped(magic)}:${escaped(mask)}:${emulator}:OCF${named ? 'P' : ''}`
}

/**
 * Registers QEMU's emulator of an architecture when root may, it is installed, and nobody else is registered.
 * @returns whether somebody is registered now
 */
export async function registerEmulator(architecture: Architecture): Promise<boolean> {
  if (await registeredFor(architecture)) return true
  const emulator = await installedEmulator(architecture)
  if (process.getuid?.() !== 0 || emulator === undefined) return false
  const register = join(FOLDER, 'register')
  const line = registrationLine(architecture, emulator, release())
  try {
    await writeFile(register, line)
  } catch {
    // not mounted, then, or no right to it; the kernel's own word about the second try is the one that counts
    await run('mount', ['-t', 'binfmt_misc', 'binfmt_misc', FOLDER]).catch(() => undefined)
    await writeFile(register, line).catch(() => undefined)
  }
  return (await registeredFor(architecture)) !== undefined
}

/** Takes the registration of an architecture back, whoever made it: for tests. */
export async function unregisterEmulator(architecture: Architecture): Promise<void> {
  const found = await registeredFor(architecture)
  if (found) await writeFile(join(FOLDER, found.name), '-1')
}

/**
 * Makes sure that programs of `platform` run here, in containers too, and registers an emulator if that is all
 * that is missing.
 * @throws emulator-missing saying how to have one
 */
export async function requireEmulation(platform: Platform, host: Platform): Promise<'native' | Emulator> {
  const architecture = architectureOf(platform)
  let found = await emulationOf(platform, host)
  if (found === undefined && (await registerEmulator(architecture))) found = await emulationOf(platform, host)
  if (found === 'native' || found?.fixed) return found
  throw failure('emulator-missing', {
    host,
    platform,
    name: architecture.goarch,
    problem: found
      ? `${found.emulator} is registered without the flag F, so containers do not find it`
      : 'no emulator is registered',
  })
}
