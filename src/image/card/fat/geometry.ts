// Where the parts of a FAT32 file system are, as its first sector says ("FAT: General Overview of On-Disk Format",
// Microsoft, version 1.03).
import { failure } from '../../../core/errors.ts'

export interface Geometry {
  readonly bytesPerSector: number
  readonly bytesPerCluster: number
  /** Offset of the first FAT, and how many bytes each copy has. */
  readonly fatOffset: number
  readonly fatBytes: number
  readonly fatCopies: number
  /** Offset of cluster 2, which is the first one. */
  readonly dataOffset: number
  readonly rootCluster: number
  /** Number of clusters; they are counted from 2. */
  readonly clusters: number
  /** Offset of the sector with the count of free clusters; undefined when there is none. */
  readonly infoOffset: number | undefined
  readonly label: string
}

/** Bytes of the first sector that are looked at. */
export const BOOT_SECTOR = 512
/** With fewer clusters than this a reader takes it for FAT16, whatever the label says. */
const FEWEST_CLUSTERS = 65_525

const isPowerOfTwo = (n: number) => n > 0 && (n & (n - 1)) === 0

/** Whether a partition starts as a FAT of any kind does. */
export function looksLikeFat(sector: Buffer): boolean {
  return (
    sector.length >= BOOT_SECTOR &&
    sector.readUInt16LE(510) === 0xaa55 &&
    isPowerOfTwo(sector.readUInt16LE(11)) &&
    isPowerOfTwo(sector.readUInt8(13))
  )
}

/**
 * Reads the first sector. Pure.
 * @param size bytes that the partition has
 * @throws card-unreadable when it is no FAT32, or claims more than the partition has
 */
export function readGeometry(sector: Buffer, size: number): Geometry {
  const refuse = (problem: string) =>
    failure('card-unreadable', {
      problem: `its boot partition ${problem}`,
      hint: 'format the card: make cmd/skiff/standard/format',
    })
  if (!looksLikeFat(sector)) throw refuse('has no FAT file system')
  const bytesPerSector = sector.readUInt16LE(11)
  const bytesPerCluster = bytesPerSector * sector.readUInt8(13)
  const reserved = sector.readUInt16LE(14)
  const fatCopies = sector.readUInt8(16)
  const sectors = sector.readUInt16LE(19) || sector.readUInt32LE(32)
  const sectorsPerFat = sector.readUInt32LE(36)
  if (sector.readUInt16LE(17) !== 0 || sector.readUInt16LE(22) !== 0 || sectorsPerFat === 0)
    throw refuse('has FAT12 or FAT16, and Skiff writes FAT32')
  if (bytesPerSector < 512 || bytesPerSector > 4096 || fatCopies < 1 || fatCopies > 4 || reserved < 1)
    throw refuse('has a FAT file system with an impossible first sector')
  const fatOffset = reserved * bytesPerSector
  const fatBytes = sectorsPerFat * bytesPerSector
  const dataOffset = fatOffset + fatCopies * fatBytes
  const clusters = Math.min(
    Math.floor((sectors * bytesPerSector - dataOffset) / bytesPerCluster),
    fatBytes / 4 - 2,
  )
  if (clusters < FEWEST_CLUSTERS) throw refuse('has too few clusters for FAT32')
  if (sectors * bytesPerSector > size) throw refuse('claims to be larger than it is')
  const rootCluster = sector.readUInt32LE(44)
  if (rootCluster < 2 || rootCluster >= clusters + 2) throw refuse('has no root folder')
  const info = sector.readUInt16LE(48)
  return {
    bytesPerSector,
    bytesPerCluster,
    fatOffset,
    fatBytes,
    fatCopies,
    dataOffset,
    rootCluster,
    clusters,
    infoOffset: info === 0 || info >= reserved ? undefined : info * bytesPerSector,
    label: sector.toString('latin1', 71, 82).trimEnd(),
  }
}

/** Where a cluster's bytes are. */
export const clusterOffset = (geometry: Geometry, cluster: number): number =>
  geometry.dataOffset + (cluster - 2) * geometry.bytesPerCluster
