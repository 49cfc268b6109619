// skiff/standard/format, odroid/u/install and their like: the words of a command line become a target and options.
import { parseArgs } from 'node:util'
import { failure, messageOf } from '../../core/errors.ts'
import { parseSize } from '../../core/units.ts'
import type { PackageCall } from '../package-call.ts'
import { boardOf } from './boards.ts'
import { format } from './format.ts'
import { install, verify } from './install.ts'
import { deviceTarget, imageTarget, type Target } from './target.ts'

/** Variables that name the device; the ancestor has one for each kind of board. */
const VARIABLES = ['SKIFF_SD', 'ODROID_SD', 'PI_SD'] as const

const options = {
  image: { type: 'string' },
  size: { type: 'string' },
  'boot-size': { type: 'string' },
  'keep-bootloader': { type: 'boolean' },
} as const

const USAGE =
  'SKIFF_SD=/dev/<device> (or ODROID_SD, PI_SD), or --image <file> [--size 2G]; [--boot-size 512M] [--keep-bootloader]'

type Words = Partial<Record<'image' | 'size' | 'boot-size', string>> & { 'keep-bootloader'?: boolean }

/** Both take the options of both: skiff flash hands all that it is given to one and then to the other. */
function read({ command, args }: PackageCall): Words {
  try {
    return { ...parseArgs({ args: [...args], options, strict: true }).values }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw failure('usage', { problem: `${command}: ${messageOf(error)}`, usage: USAGE })
  }
}

/** The device that the environment names. @throws usage for none, or for two different ones */
export function deviceFrom(env: NodeJS.ProcessEnv, command: string): string {
  const named = [...new Set(VARIABLES.map((name) => env[name] ?? '').filter((value) => value !== ''))]
  const [only] = named
  if (only !== undefined && named.length === 1) return only
  const problem =
    named.length === 0 ? 'no card is named' : `${named.join(' and ')} are both named: which one is the card?`
  throw failure('usage', { problem: `${command}: ${problem}`, usage: USAGE })
}

async function targetOf(call: PackageCall, { image, size }: Words): Promise<Target> {
  if (image === undefined) return deviceTarget(deviceFrom(call.env, call.command), call.signal)
  return imageTarget(image, size === undefined ? undefined : parseSize(size))
}

const sizeOf = (text: string | undefined) => (text === undefined ? undefined : parseSize(text))

async function workspaceOf(call: PackageCall) {
  const { chain, output } = await call.workspace()
  return { board: boardOf(chain.packages.map(({ name }) => name)), output }
}

/** Makes a card: everything on it goes, after questions. */
export async function formatCommand(call: PackageCall): Promise<number> {
  const words = read(call)
  const { board, output } = await workspaceOf(call)
  const target = await targetOf(call, words)
  const { report, signal, confirm } = call
  await format({ target, board, output, bootSize: sizeOf(words['boot-size']), report, signal, confirm })
  report.step(`${target.path} is formatted; install puts the image on it`)
  return 0
}

/** Puts the workspace's image on a card that was formatted. */
export async function installCommand(call: PackageCall): Promise<number> {
  const words = read(call)
  const { board, output } = await workspaceOf(call)
  const target = await targetOf(call, words)
  const { report, signal, confirm } = call
  const folder = await install({
    target,
    board,
    output,
    keepBootloader: words['keep-bootloader'] === true,
    report,
    signal,
    confirm,
    failpoint: call.env.SKIFF_CARD_FAILPOINT,
  })
  report.step(`${folder} is on ${target.path}; it can be taken out`)
  return 0
}

/** Reads what a card starts and compares it with its manifest. */
export async function verifyCommand(call: PackageCall): Promise<number> {
  const target = await targetOf(call, read(call))
  const folder = await verify(target, call.signal)
  call.report.step(`${target.path} starts ${folder}, and every byte of it is as it should be`)
  return 0
}
