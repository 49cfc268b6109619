// What a card is to be written to: a device that was looked at, or an image file.
import { open, realpath, stat } from 'node:fs/promises'
import { failure } from '../../core/errors.ts'
import { describeDevice, findDevice, refusal } from './devices.ts'
import { type Disk, openDisk } from './disk.ts'

export interface Target {
  readonly path: string
  readonly device: boolean
  /** Bytes. */
  readonly size: number
  /** For the person who is asked. */
  readonly description: readonly string[]
}

/**
 * Looks at a device.
 * @throws card-refused, with one sentence why
 */
export async function deviceTarget(given: string, signal: AbortSignal): Promise<Target> {
  const path = await realpath(given).catch(() => given)
  const device = await findDevice(path, signal)
  const why = refusal(device)
  if (why) throw failure('card-refused', { target: path, ...why })
  return { path, device: true, size: device.size, description: describeDevice(device) }
}

/**
 * Looks at an image file, and makes it.
 * @param size given, a file that is missing is made so large
 */
export async function imageTarget(path: string, size: number | undefined): Promise<Target> {
  const refuse = (problem: string, hint: string) => failure('card-refused', { target: path, problem, hint })
  const found = await stat(path).catch(() => undefined)
  if (found && !found.isFile()) throw refuse('it is not a file', 'a device is named with SKIFF_SD=<device>')
  if (!found && size === undefined)
    throw refuse('there is no such file', 'say how large it is to be: --size 2G')
  if (found && size !== undefined && size !== found.size)
    throw refuse(`it is there already, with ${found.size} bytes`, 'remove it first, or leave --size away')
  if (!found && size !== undefined) {
    const file = await open(path, 'wx', 0o644)
    await file.truncate(size)
    await file.close()
  }
  const bytes = found?.size ?? size ?? 0
  return { path, device: false, size: bytes, description: [`${path}: image file of ${bytes} bytes`] }
}

export const openTarget = (target: Target, hint: string): Promise<Disk> =>
  openDisk(target.path, { device: target.device, size: target.size, hint })
