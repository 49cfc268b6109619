// An assembled set as it goes onto a card: which of its files, under which names. The mapping is pure.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { failure } from '../../core/errors.ts'
import { type Manifest, readOutput } from '../workspace/manifest.ts'
import type { Board } from './boards.ts'
import { requireOneLine } from './boot-config.ts'
import { BOOTLOADER } from './bootloader.ts'

/** Folder of the sets on the boot partition. */
export const SETS = 'skiff'
/** In the folder of a set; written last, so a set that has it is whole. */
export const CARD_MANIFEST = 'manifest.json'

export interface SourceFile {
  /** On the boot partition. */
  readonly path: string
  readonly size: number
  readonly sha256: string
  /** Its bytes, or the file that has them. */
  readonly from: Buffer | string
}

export interface CardSet {
  /** The first digits of the set's checksum. */
  readonly id: string
  /** On the boot partition: `skiff/<id>`. */
  readonly folder: string
  /** Where it was read. */
  readonly source: string
  readonly manifest: Manifest
  readonly commandLine: string
  /** Files of the set's folder, the manifest last. */
  readonly files: readonly SourceFile[]
  /** Files beside it that other sets share, by the names they have in the set. */
  readonly firmware: ReadonlyMap<string, SourceFile>
  /** Lines of the set's own config.txt. */
  readonly piLines: string
}

const CHECKSUM = /^[0-9a-f]{12,}$/
/** Pi: what the firmware reads before config.txt has its name for good; the rest may carry its content in the name. */
const FIXED = /^bootcode\.bin$/
const FIRMWARE = /^(bootcode\.bin|start[^/]*\.elf|fixup[^/]*\.dat)$/

/**
 * Reads a workspace's output, and checks every byte of it.
 * @throws set-invalid
 */
export async function readSet(output: string, board: Board, signal: AbortSignal): Promise<CardSet> {
  const refuse = (problem: string) =>
    failure('set-invalid', { folder: output, problem, hint: 'make it again: make compile' })
  const manifest = await readOutput(output, signal)
  if (typeof manifest === 'string') throw refuse(manifest)
  if (!CHECKSUM.test(manifest.checksum)) throw refuse('its checksum is none')
  for (const name of ['kernel', 'initramfs'])
    if (!manifest.files.some((file) => file.name === name)) throw refuse(`it has no ${name}`)
  const text = async (...names: readonly string[]) => {
    const name = names.find((each) => manifest.files.some((file) => file.name === each))
    return name === undefined ? '' : readFile(join(output, name), 'utf8')
  }
  const id = manifest.checksum.slice(0, 12)
  const folder = `${SETS}/${id}`
  const words = requireOneLine(await text('boot/cmdline', 'boot/cmdline.txt'), output)
  // the set knows its console better than the board's table
  const own = /(^| )console=/.test(words) ? '' : board.console
  const commandLine = [own, words || 'panic=10', `skiff.set=${folder}`]
    .filter((word) => word !== '')
    .join(' ')
  const files: SourceFile[] = []
  const firmware = new Map<string, SourceFile>()
  for (const { name, size, sha256 } of manifest.files) {
    const from = join(output, name)
    const there = placeOf(name, board)
    if (there?.where === 'set') files.push({ path: `${folder}/${there.name}`, size, sha256, from })
    if (there?.where === 'root') {
      const path = FIXED.test(there.name) ? there.name : hashedName(there.name, sha256)
      firmware.set(there.name, { path, size, sha256, from })
    }
  }
  const kernel = board.unpackKernel ? await unpacked(join(output, 'kernel'), refuse) : undefined
  const laid = files.map((file) =>
    kernel && file.path === `${folder}/kernel` ? ofBytes(file.path, kernel) : file,
  )
  if (board.starter === 'pi') laid.push(ofBytes(`${folder}/cmdline.txt`, Buffer.from(`${commandLine}\n`)))
  laid.push(ofBytes(`${folder}/${CARD_MANIFEST}`, cardManifest(manifest, folder, laid, commandLine)))
  return {
    id,
    folder,
    source: output,
    manifest,
    commandLine,
    files: laid,
    firmware,
    piLines: board.starter === 'pi' ? await text('boot/config.txt') : '',
  }
}

/** Where a file of a set goes; undefined for what a card does not need. Pure. */
export function placeOf(
  name: string,
  board: Board,
): { readonly where: 'set' | 'root'; readonly name: string } | undefined {
  const base = name.split('/').at(-1) ?? name
  if (name.startsWith('dtbs/')) {
    if (!wantsTree(base, board)) return undefined
    // the Pi's firmware looks for them beside the kernel
    return { where: 'set', name: board.starter === 'pi' ? base : name }
  }
  if (name.startsWith(BOOTLOADER)) return undefined
  if (name.startsWith('boot/')) {
    const rest = name.slice('boot/'.length)
    if (board.starter !== 'pi') return undefined
    if (FIRMWARE.test(rest)) return { where: 'root', name: rest }
    return rest.startsWith('overlays/') ? { where: 'set', name: rest } : undefined
  }
  return { where: 'set', name }
}

const wantsTree = (base: string, { deviceTrees }: Board): boolean =>
  deviceTrees.length === 0 ||
  deviceTrees.some((pattern) => {
    const [start = '', ...rest] = pattern.split('*')
    return base.startsWith(start) && rest.every((piece) => base.includes(piece))
  })

/** start4.elf becomes start4-1a2b3c4d.elf: two versions side by side, and config.txt says which. */
const hashedName = (name: string, sha256: string): string =>
  name.replace(/(\.[^.]+)$/, `-${sha256.slice(0, 8)}$1`)

const ofBytes = (path: string, bytes: Buffer): SourceFile => ({
  path,
  size: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
  from: bytes,
})

/** The manifest that goes with a set: of its files as they are on the card. Its names are below its own folder. */
function cardManifest(
  { checksum, assembler, architecture, chain }: Manifest,
  folder: string,
  files: readonly SourceFile[],
  commandLine: string,
): Buffer {
  const listed = files.map(({ path, size, sha256 }) => ({
    name: path.slice(folder.length + 1),
    size,
    sha256,
  }))
  const value = { files: listed, checksum, assembler, architecture, chain, commandLine }
  return Buffer.from(`${JSON.stringify(value, null, 1)}\n`)
}

const GZIP = Buffer.from([0x1f, 0x8b])
/** Magic numbers of what U-Boot would have to be told about: xz, lzma, zstd, bzip2, lz4. */
const PACKED = ['fd377a58', '5d000080', '28b52ffd', '425a68', '02214c18']

/** A kernel as U-Boot starts it. @throws set-invalid */
async function unpacked(path: string, refuse: (problem: string) => Error): Promise<Buffer | undefined> {
  const bytes = await readFile(path)
  if (bytes.subarray(0, 2).equals(GZIP)) {
    try {
      return await promisify(gunzip)(bytes, { maxOutputLength: 2 ** 28 })
    } catch (error) {
      throw Object.assign(refuse('its kernel cannot be unpacked'), { cause: error })
    }
  }
  const packed = PACKED.some((magic) => bytes.subarray(0, magic.length / 2).toString('hex') === magic)
  if (packed) throw refuse('its kernel is packed in a way that U-Boot does not start (gzip or none is)')
  return undefined
}

/** A file's bytes in pieces. */
export const bytesOf = (file: SourceFile): AsyncIterable<Uint8Array> | Iterable<Uint8Array> =>
  typeof file.from === 'string' ? createReadStream(file.from, { highWaterMark: 2 ** 20 }) : [file.from]
