// Folders of a FAT32 on a card: their bytes, and what is reached from them.
import { failure } from '../../../core/errors.ts'
import type { Blocks } from './blocks.ts'
import { type Entry, readEntries, SLOT } from './entries.ts'
import { clusterOffset, type Geometry } from './geometry.ts'
import type { FatTable } from './table.ts'

/** Where folders are. */
export interface Place {
  readonly blocks: Blocks
  readonly geometry: Geometry
  readonly table: FatTable
}

export interface Folder {
  readonly clusters: number[]
  readonly bytes: Buffer
}

/** @throws card-unreadable, card-lost */
export async function loadFolder({ blocks, geometry, table }: Place, cluster: number): Promise<Folder> {
  const clusters = table.chain(cluster)
  const pieces: Buffer[] = []
  for (const one of clusters)
    pieces.push(await blocks.read(clusterOffset(geometry, one), geometry.bytesPerCluster))
  return { clusters, bytes: Buffer.concat(pieces) }
}

/** Writes the sectors that hold some slots, in order. */
export async function writeSlots(
  { blocks, geometry }: Place,
  { clusters, bytes }: Folder,
  first: number,
  last: number,
): Promise<void> {
  const { bytesPerSector, bytesPerCluster } = geometry
  const start = Math.floor((first * SLOT) / bytesPerSector) * bytesPerSector
  for (let at = start; at < (last + 1) * SLOT; at += bytesPerSector) {
    const cluster = clusters[Math.floor(at / bytesPerCluster)] ?? 0
    const offset = clusterOffset(geometry, cluster) + (at % bytesPerCluster)
    await blocks.write(offset, bytes.subarray(at, at + bytesPerSector))
  }
}

/**
 * Every cluster that is reached from a folder, its own too.
 * @throws card-unreadable when folders lead into each other
 */
export async function reachFrom(
  place: Place,
  cluster: number,
  visited: Set<number> = new Set(),
): Promise<number[]> {
  if (visited.has(cluster))
    throw failure('card-unreadable', {
      problem: 'folders of its boot partition lead into each other',
      hint: 'format the card anew',
    })
  visited.add(cluster)
  const { clusters, bytes } = await loadFolder(place, cluster)
  for (const entry of readEntries(bytes))
    for (const one of await clustersOf(place, entry, visited)) clusters.push(one)
  return clusters
}

/** The clusters of a file, or of a folder and all that is in it. */
export async function clustersOf(
  place: Place,
  entry: Entry,
  visited: Set<number> = new Set(),
): Promise<number[]> {
  if (entry.cluster === 0) return []
  return entry.folder ? reachFrom(place, entry.cluster, visited) : place.table.chain(entry.cluster)
}
