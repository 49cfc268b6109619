// The table of a FAT32: which cluster follows which. Held whole in memory; what changed is written sector by sector.
import { failure } from '../../../core/errors.ts'
import type { Blocks } from './blocks.ts'
import type { Geometry } from './geometry.ts'

/** Anything from here on ends a chain. */
const END = 0x0ffffff8
const LAST = 0x0fffffff
/** The upper four bits of an entry belong to nobody and stay as they are. */
const MASK = 0x0fffffff

export class FatTable {
  readonly #geometry: Geometry
  readonly #bytes: Buffer
  /** Numbers of the table's sectors that differ from the card's. */
  readonly #changed = new Set<number>()
  /** Clusters in use by something that can be reached, or taken since. */
  #used = new Set<number>()
  #next = 2

  private constructor(geometry: Geometry, bytes: Buffer) {
    this.#geometry = geometry
    this.#bytes = bytes
  }

  static async load(blocks: Blocks, geometry: Geometry): Promise<FatTable> {
    return new FatTable(geometry, await blocks.read(geometry.fatOffset, geometry.fatBytes))
  }

  /**
   * The clusters of a chain, in order.
   * @throws card-unreadable when it leaves the partition or bites its tail
   */
  chain(start: number): number[] {
    const clusters: number[] = []
    const seen = new Set<number>()
    for (let cluster = start; cluster < END; cluster = this.#get(cluster)) {
      if (cluster < 2 || cluster >= this.#geometry.clusters + 2 || seen.has(cluster))
        throw failure('card-unreadable', {
          problem: 'the FAT of its boot partition is damaged',
          hint: 'mend it with fsck.vfat, or format the card anew',
        })
      seen.add(cluster)
      clusters.push(cluster)
    }
    return clusters
  }

  /**
   * Says which clusters are reached from the folders. All others are free from now on, whatever the table says: what an
   * interrupted install left is found this way.
   */
  reached(clusters: Iterable<number>): void {
    this.#used = new Set(clusters)
  }

  get free(): number {
    return this.#geometry.clusters - this.#used.size
  }

  /** Takes free clusters and chains them. @throws RangeError when there are too few; the caller has asked `free` */
  allocate(count: number): number[] {
    const taken: number[] = []
    const { clusters } = this.#geometry
    for (let tried = 0; tried < clusters && taken.length < count; tried += 1) {
      if (!this.#used.has(this.#next)) taken.push(this.#next)
      this.#next = this.#next + 1 >= clusters + 2 ? 2 : this.#next + 1
    }
    if (taken.length < count) throw new RangeError('no free clusters left')
    for (const [index, cluster] of taken.entries()) {
      this.#used.add(cluster)
      this.#set(cluster, taken[index + 1] ?? LAST)
    }
    return taken
  }

  /** Hangs one chain behind the last cluster of another. */
  append(last: number, first: number): void {
    this.#set(last, first)
  }

  release(clusters: readonly number[]): void {
    for (const cluster of clusters) {
      this.#used.delete(cluster)
      this.#set(cluster, 0)
    }
  }

  /** Marks everything that nobody reaches as free, so that other systems see the space too. */
  sweep(): void {
    for (let cluster = 2; cluster < this.#geometry.clusters + 2; cluster += 1) {
      const value = this.#get(cluster)
      // a bad cluster (0x0ffffff7) stays one
      if (value !== 0 && value !== 0x0ffffff7 && !this.#used.has(cluster)) this.#set(cluster, 0)
      if (value === 0x0ffffff7) this.#used.add(cluster)
    }
  }

  /** Writes what changed into each copy, the first one first. */
  async flush(blocks: Blocks): Promise<void> {
    const { bytesPerSector, fatOffset, fatBytes, fatCopies } = this.#geometry
    const sectors = [...this.#changed].sort((a, b) => a - b)
    this.#changed.clear()
    for (let copy = 0; copy < fatCopies; copy += 1)
      for (const { from, to } of runsOf(sectors))
        await blocks.write(
          fatOffset + copy * fatBytes + from * bytesPerSector,
          this.#bytes.subarray(from * bytesPerSector, to * bytesPerSector),
        )
  }

  #get(cluster: number): number {
    return this.#bytes.readUInt32LE(cluster * 4) & MASK
  }

  #set(cluster: number, value: number): void {
    const kept = this.#bytes.readUInt32LE(cluster * 4) & ~MASK
    this.#bytes.writeUInt32LE((kept | value) >>> 0, cluster * 4)
    this.#changed.add(Math.floor((cluster * 4) / this.#geometry.bytesPerSector))
  }
}

/** Neighbouring numbers as ranges; `to` is not in the range. Pure. */
export function runsOf(sorted: readonly number[]): { from: number; to: number }[] {
  const runs: { from: number; to: number }[] = []
  for (const number of sorted) {
    const last = runs.at(-1)
    if (last && last.to === number) last.to += 1
    else runs.push({ from: number, to: number + 1 })
  }
  return runs
}
