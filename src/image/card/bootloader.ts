// The bytes before the first partition that a board's ROM looks for: which, where, and only those that differ.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { failure } from '../../core/errors.ts'
import { type Board, type BootLayout, RESERVED, SECTOR } from './boards.ts'
import type { Blocks } from './fat/blocks.ts'

/** Where the pieces are in a set. */
export const BOOTLOADER = 'boot/bootloader/'

/** Bytes that belong to a place of the card. */
export interface Placed {
  readonly file: string
  readonly offset: number
  readonly bytes: Buffer
}

/**
 * The layout whose pieces a set has; undefined when the board needs none.
 * @param files names of the set's files
 * @throws set-invalid when pieces are missing
 */
export function layoutOf(board: Board, files: readonly string[], folder: string): BootLayout | undefined {
  if (board.layouts.length === 0) return undefined
  const found = board.layouts.find(({ pieces }) =>
    pieces.every(({ file }) => files.includes(BOOTLOADER + file)),
  )
  if (found) return found
  const wanted = board.layouts.at(-1)?.pieces.map(({ file }) => BOOTLOADER + file) ?? []
  throw failure('set-invalid', {
    folder,
    problem: `${board.name} starts from bytes before the first partition, and it lacks ${wanted.filter((name) => !files.includes(name)).join(', ')}`,
    hint: 'an image of the Buildroot assembler has them: make compile SKIFF_ASSEMBLER=buildroot',
  })
}

/**
 * Where each piece's bytes go. Pure.
 * @param contents by the piece's name
 * @throws set-invalid for a piece that would run into the next one
 */
export function place(
  layout: BootLayout,
  contents: ReadonlyMap<string, Buffer>,
  folder: string,
): readonly Placed[] {
  return layout.pieces.flatMap(({ file, sector, most, head, cut }) => {
    const bytes = contents.get(file) ?? Buffer.alloc(0)
    const whole = head === undefined ? bytes : bytes.subarray(SECTOR)
    const rest = cut ? whole.subarray(0, most * SECTOR) : whole
    if (rest.length > most * SECTOR || sector * SECTOR + rest.length > RESERVED)
      throw failure('set-invalid', {
        folder,
        problem: `${BOOTLOADER}${file} has ${bytes.length} bytes, and there is room for ${most} sectors`,
        hint: '',
      })
    return [
      ...(head === undefined ? [] : [{ file, offset: 0, bytes: bytes.subarray(0, head) }]),
      { file, offset: sector * SECTOR, bytes: rest },
    ]
  })
}

/** Reads a board's pieces. @throws set-invalid */
export async function readPieces(
  board: Board,
  files: readonly string[],
  folder: string,
): Promise<readonly Placed[]> {
  const layout = layoutOf(board, files, folder)
  if (!layout) return []
  const contents = new Map<string, Buffer>()
  for (const { file } of layout.pieces) contents.set(file, await readFile(join(folder, BOOTLOADER, file)))
  return place(layout, contents, folder)
}

/** The pieces that the card does not have already. */
export async function differing(disk: Blocks, pieces: readonly Placed[]): Promise<Placed[]> {
  const found: Placed[] = []
  for (const piece of pieces)
    if (!(await disk.read(piece.offset, piece.bytes.length)).equals(piece.bytes)) found.push(piece)
  return found
}

/**
 * Writes pieces, whole sectors at a time: what a piece does not fill stays as it is, above all the partition table in
 * the first sector.
 */
export async function writePieces(disk: Blocks, pieces: readonly Placed[]): Promise<void> {
  for (const { offset, bytes } of pieces) {
    const length = Math.ceil(bytes.length / SECTOR) * SECTOR
    const sectors = await disk.read(offset, length)
    bytes.copy(sectors)
    await disk.write(offset, sectors)
  }
  await disk.sync()
}
