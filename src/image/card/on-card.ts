// What is on a boot partition: its sets, which of them starts, and whether they are whole.
import { createHash } from 'node:crypto'
import * as z from 'zod'
import { failure } from '../../core/errors.ts'
import type { FatVolume } from './fat/volume.ts'
import { CARD_MANIFEST, SETS } from './set.ts'

const cardManifest = z.object({
  files: z.array(
    z.object({ name: z.string(), size: z.number(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  ),
  checksum: z.string(),
  commandLine: z.string(),
})
export type CardManifest = z.infer<typeof cardManifest>

/** Names of the sets that a boot partition holds, whole or not. */
export async function setsOn(volume: FatVolume): Promise<string[]> {
  return (await volume.list(SETS)).filter(({ folder }) => folder).map(({ name }) => `${SETS}/${name}`)
}

/** A small file's text; undefined when it is not there. */
export async function textOn(volume: FatVolume, path: string): Promise<string | undefined> {
  const entry = await volume.find(path)
  if (!entry || entry.folder || entry.size > 2 ** 20) return undefined
  const pieces: Buffer[] = []
  for await (const piece of volume.read(path)) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

/** The set that a file of a starter leads to, as a folder. Pure. */
export const ledTo = (text: string): string | undefined =>
  /(?:^\s*kernel\s+\/|^os_prefix=)(skiff\/[0-9a-f]+)\//m.exec(text)?.[1]

/** The set that was there before, as such a file tells. Pure. */
export const takenPlaceOf = (text: string): string | undefined =>
  /^# before it: (skiff\/[0-9a-f]+)$/m.exec(text)?.[1]

/** The text of the file that decides which set starts; empty when there is none. */
export async function pointerOn(volume: FatVolume): Promise<string> {
  for (const path of ['extlinux/extlinux.conf', 'config.txt']) {
    const text = await textOn(volume, path)
    if (text !== undefined && ledTo(text) !== undefined) return text
  }
  return ''
}

/** Bytes that a folder's files take. */
export async function bytesOn(volume: FatVolume, folder: string): Promise<number> {
  let sum = 0
  for (const entry of await volume.list(folder))
    sum += entry.folder ? await bytesOn(volume, `${folder}/${entry.name}`) : volume.bytesFor(entry.size)
  return sum
}

/** The manifest of a set on the card; undefined when it has none that can be read. */
export async function manifestOn(volume: FatVolume, folder: string): Promise<CardManifest | undefined> {
  const text = await textOn(volume, `${folder}/${CARD_MANIFEST}`)
  if (text === undefined) return undefined
  try {
    const found = cardManifest.safeParse(JSON.parse(text))
    return found.success ? found.data : undefined
  } catch {
    return undefined
  }
}

/** The SHA-256 of a file on the card; undefined when it is not there. */
export async function hashOn(
  volume: FatVolume,
  path: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const entry = await volume.find(path)
  if (!entry || entry.folder) return undefined
  const hash = createHash('sha256')
  for await (const piece of volume.read(path)) {
    if (signal.aborted) throw failure('canceled', { what: 'reading the card' })
    hash.update(piece)
  }
  return hash.digest('hex')
}

/** What is wrong with a set on the card, in words; undefined when every byte is as its manifest says. */
export async function faultOf(
  volume: FatVolume,
  folder: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const manifest = await manifestOn(volume, folder)
  if (!manifest) return `${folder} has no manifest that can be read`
  for (const { name, size, sha256 } of manifest.files) {
    const path = `${folder}/${name}`
    const entry = await volume.find(path)
    if (!entry || entry.folder) return `${path} is missing`
    if (entry.size !== size) return `${path} has ${entry.size} bytes in place of ${size}`
    if ((await hashOn(volume, path, signal)) !== sha256) return `${path} has other content than it should`
  }
  return undefined
}
