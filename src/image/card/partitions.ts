// Finds the partitions of a card by its table, and the one that is labelled boot.
import * as z from 'zod'
import { failure, messageOf } from '../../core/errors.ts'
import { run } from '../../host/process/run.ts'
import { SECTOR } from './boards.ts'
import type { Disk } from './disk.ts'
import { type Blocks, part } from './fat/blocks.ts'
import { BOOT_SECTOR, looksLikeFat, readGeometry } from './fat/geometry.ts'
import type { Extent } from './layout.ts'

const dump = z.object({
  partitiontable: z.object({
    label: z.string(),
    unit: z.literal('sectors'),
    partitions: z
      .array(z.object({ node: z.string(), start: z.number().int(), size: z.number().int() }))
      .optional(),
  }),
})

/** Reads `sfdisk --json`. Pure. @throws ZodError, SyntaxError */
export function parseTable(json: string): Extent[] {
  const { partitions = [] } = dump.parse(JSON.parse(json)).partitiontable
  return partitions.map(({ start, size }) => ({ start: start * SECTOR, size: size * SECTOR }))
}

const HINT = 'format the card first: make cmd/skiff/standard/format'

/**
 * The boot partition: where it is, and its bytes, beyond which nothing can be written.
 * @throws card-unreadable when the card has none
 */
export async function bootPartition(disk: Disk, signal: AbortSignal): Promise<Extent & { blocks: Blocks }> {
  const { status, stdout, stderr } = await run('sfdisk', ['--json', disk.path], { signal, timeout: 30_000 })
  if (status !== 0)
    throw failure('card-unreadable', {
      problem: `it has no partition table (${stderr.trim().split('\n').at(-1) ?? ''})`,
      hint: HINT,
    })
  let extents: Extent[]
  try {
    extents = parseTable(stdout)
  } catch (error) {
    throw failure('card-unreadable', { problem: `sfdisk says ${messageOf(error)}`, hint: '' }, error)
  }
  for (const { start, size } of extents) {
    if (start + size > disk.size) continue
    const sector = await disk.read(start, BOOT_SECTOR)
    if (!looksLikeFat(sector)) continue
    if (readGeometry(sector, size).label.toLowerCase() === 'boot')
      return { start, size, blocks: part(disk, start, size) }
  }
  throw failure('card-unreadable', { problem: 'it has no FAT partition with the label boot', hint: HINT })
}
