// The machine's block devices, as lsblk(8) tells them, and which of them may be a card. The judging is pure.
import { stat } from 'node:fs/promises'
import * as z from 'zod'
import { failure } from '../../core/errors.ts'
import { formatSize } from '../../core/units.ts'
import { runOrThrow } from '../../host/process/run.ts'

export interface Device {
  readonly path: string
  /** `disk`, `part`, `loop`, `crypt`, `lvm`, … */
  readonly type: string
  /** Bytes. */
  readonly size: number
  readonly model: string
  readonly label: string
  readonly fstype: string
  readonly readOnly: boolean
  readonly removable: boolean
  /** Where it is mounted; `[SWAP]` for swap. */
  readonly mounts: readonly string[]
  /** Partitions, and whatever is made of them: volumes, encrypted devices. */
  readonly children: readonly Device[]
}

const text = z
  .string()
  .nullish()
  .transform((value) => value?.trim() ?? '')
const flag = z.union([z.boolean(), z.enum(['0', '1'])]).transform((value) => value === true || value === '1')

const device: z.ZodType<Device> = z.lazy(() =>
  z
    .object({
      path: z.string(),
      type: z.string(),
      size: z.coerce.number().nullish(),
      model: text,
      vendor: text,
      label: text,
      fstype: text,
      ro: flag,
      rm: flag,
      mountpoints: z.array(z.string().nullable()),
      children: z.array(device).optional(),
    })
    .transform((found) => ({
      path: found.path,
      type: found.type,
      size: found.size ?? 0,
      model: [found.vendor, found.model].filter((word) => word !== '' && !word.startsWith('0x')).join(' '),
      label: found.label,
      fstype: found.fstype,
      readOnly: found.ro,
      removable: found.rm,
      mounts: found.mountpoints.filter((mount) => mount !== null),
      children: found.children ?? [],
    })),
)

/** With NAME the answer is a tree; without it, partitions come beside their disk. */
const COLUMNS = 'NAME,PATH,TYPE,SIZE,MODEL,VENDOR,LABEL,FSTYPE,RO,RM,MOUNTPOINTS'

/** Reads what lsblk wrote. @throws card-unreadable for another version's words */
export function parseDevices(json: string): Device[] {
  const found = z.object({ blockdevices: z.array(device) }).safeParse(JSON.parse(json))
  if (found.success) return found.data.blockdevices
  throw failure('card-unreadable', {
    problem: 'lsblk does not say what is mounted where',
    hint: 'its version is too old: util-linux 2.37 or newer is needed',
  })
}

/**
 * The device at a path, with all that is made of it.
 * @throws card-refused when there is no block device
 */
export async function findDevice(path: string, signal: AbortSignal): Promise<Device> {
  const refuse = (problem: string, hint = 'lsblk lists the devices of this machine') =>
    failure('card-refused', { target: path, problem, hint })
  const found = await stat(path).catch(() => undefined)
  if (!found) throw refuse('there is no such device')
  if (found.isFile()) throw refuse('it is a file', 'an image file is named with --image <file>')
  if (!found.isBlockDevice()) throw refuse('it is not a block device')
  const args = ['--json', '--bytes', '--output', COLUMNS, path]
  const [first] = parseDevices(await runOrThrow('lsblk', args, { signal, timeout: 30_000 }))
  if (!first) throw refuse('lsblk does not know it')
  return first
}

/** A device and everything that is made of it. */
export const family = (top: Device): Device[] => [top, ...top.children.flatMap(family)]

/** Mounted here, a machine runs from it. */
const isSystem = (mount: string) => mount === '[SWAP]' || /^\/($|boot(\/|$)|usr$|var$|home$|etc$)/.test(mount)

/** What may be a card: a whole disk, or a loop device over an image. */
const WHOLE = new Set(['disk', 'loop'])

/**
 * Why a device is not to be written to; undefined when it may be. What the kernel knows besides is seen when the device
 * is opened.
 */
export function refusal(top: Device): { problem: string; hint: string } | undefined {
  if (top.type === 'part')
    return { problem: 'it is a partition', hint: `name the whole device: ${wholeOf(top.path)}` }
  if (!WHOLE.has(top.type))
    return { problem: `it is not a disk but ${top.type}`, hint: 'lsblk lists the devices of this machine' }
  const mounted = family(top).filter(({ mounts }) => mounts.length > 0)
  const system = mounted.find(({ mounts }) => mounts.some(isSystem))
  if (system) {
    const mount = system.mounts.find(isSystem)
    const problem = `this machine runs from it (${system.path} is ${mount === '[SWAP]' ? 'its swap' : mount})`
    return { problem, hint: 'look twice which device the card is: lsblk' }
  }
  const [first] = mounted
  if (first)
    return {
      problem: `${mounted.map(({ path, mounts }) => `${path} is mounted at ${mounts[0]}`).join(', ')}`,
      hint: `umount ${mounted.map(({ path }) => path).join(' ')}`,
    }
  const held = top.children.flatMap((child) => child.children)[0]
  if (held) return { problem: `${held.path} (${held.type}) is made of it`, hint: 'stop that first' }
  if (top.readOnly)
    return { problem: 'it is write-protected', hint: 'look for a small slider on the card or its adapter' }
  if (top.size === 0) return { problem: 'there is no card in it', hint: '' }
  return undefined
}

/** /dev/sdb1 is of /dev/sdb, /dev/mmcblk0p1 of /dev/mmcblk0. */
const wholeOf = (path: string): string =>
  /\dp\d+$/.test(path) ? path.replace(/p\d+$/, '') : path.replace(/\d+$/, '')

/** A device in words: model and size, then one line for each part of it. */
export function describeDevice(top: Device): string[] {
  const what = [top.model || 'no model is told', formatSize(top.size)]
  if (top.removable) what.push('removable')
  const rows = family(top)
    .slice(1)
    .map(({ path, type, size, fstype, label, mounts }) =>
      [path, type, formatSize(size), fstype, label && `label ${label}`, mounted(mounts)]
        .filter((word) => word !== '')
        .join(', '),
    )
  const own = top.fstype === '' ? [] : [`${top.fstype} without a partition table, ${mounted(top.mounts)}`]
  return [
    `${top.path}: ${what.join(', ')}`,
    ...(rows.length + own.length === 0 ? ['no partitions, not mounted'] : [...own, ...rows]),
  ]
}

const mounted = (mounts: readonly string[]): string =>
  mounts.length === 0 ? 'not mounted' : `mounted at ${mounts.join(' and ')}`
