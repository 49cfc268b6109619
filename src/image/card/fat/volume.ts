// A FAT32 file system, written so that a power cut at any moment leaves each file as it was or as it is to be: data
// first, then the table, then the one sector that makes a name lead there, each made durable before the next.
// The kernel's own driver and mtools promise no such order, and this needs neither a mount nor a loop device.
import { failure } from '../../../core/errors.ts'
import type { Blocks } from './blocks.ts'
import {
  type Entry,
  freed,
  freeSlots,
  type NewEntry,
  readEntries,
  SLOT,
  shortNameFor,
  shortSlot,
  writeEntry,
} from './entries.ts'
import { clustersOf, type Folder, loadFolder, type Place, reachFrom, writeSlots } from './folder.ts'
import { BOOT_SECTOR, clusterOffset, type Geometry, readGeometry } from './geometry.ts'
import { FatTable, runsOf } from './table.ts'

/** Bytes moved at once. */
const CHUNK = 2 ** 20
const UNKNOWN = 0xffffffff

export class FatVolume {
  readonly #blocks: Blocks
  readonly #geometry: Geometry
  readonly #table: FatTable

  private constructor(blocks: Blocks, geometry: Geometry, table: FatTable) {
    this.#blocks = blocks
    this.#geometry = geometry
    this.#table = table
  }

  /** @throws card-unreadable, card-lost */
  static async open(blocks: Blocks): Promise<FatVolume> {
    const geometry = readGeometry(await blocks.read(0, BOOT_SECTOR), blocks.size)
    const volume = new FatVolume(blocks, geometry, await FatTable.load(blocks, geometry))
    volume.#table.reached(await reachFrom(volume.#place, geometry.rootCluster))
    return volume
  }

  get #place(): Place {
    return { blocks: this.#blocks, geometry: this.#geometry, table: this.#table }
  }

  get freeBytes(): number {
    return this.#table.free * this.#geometry.bytesPerCluster
  }

  /** What a file of so many bytes takes. */
  bytesFor(size: number): number {
    return Math.ceil(size / this.#geometry.bytesPerCluster) * this.#geometry.bytesPerCluster
  }

  /** Entries of a folder; none when it is not there. */
  async list(path: string): Promise<readonly Entry[]> {
    const folder = await this.#folder(path)
    return folder ? readEntries(folder.bytes) : []
  }

  async find(path: string): Promise<Entry | undefined> {
    const [folder, name] = split(path)
    const wanted = name.toLowerCase()
    return (await this.list(folder)).find((entry) => entry.name.toLowerCase() === wanted)
  }

  /** A file's bytes in pieces. @throws not-found */
  async *read(path: string): AsyncGenerator<Buffer> {
    const entry = await this.find(path)
    if (!entry || entry.folder) throw failure('not-found', { what: 'file', name: path, hint: '' })
    let left = entry.size
    for (const { from, to } of this.#pieces(entry.cluster === 0 ? [] : this.#table.chain(entry.cluster))) {
      const length = Math.min(left, (to - from) * this.#geometry.bytesPerCluster)
      yield await this.#blocks.read(clusterOffset(this.#geometry, from), length)
      left -= length
    }
    if (left > 0) throw failure('card-unreadable', { problem: `${path} is shorter than it says`, hint: '' })
  }

  /** Makes a folder and those above it, where they are missing. */
  async makeFolder(path: string): Promise<void> {
    if (path === '' || (await this.#folder(path))) return
    const [above, name] = split(path)
    await this.makeFolder(above)
    const [cluster = 0] = this.#table.allocate(1)
    const bytes = Buffer.alloc(this.#geometry.bytesPerCluster)
    const parent = above === '' ? 0 : ((await this.find(above))?.cluster ?? 0)
    const dots = { folder: true, size: 0, time: new Date() }
    shortSlot({ ...dots, short: '.'.padEnd(11), cluster }).copy(bytes, 0)
    shortSlot({ ...dots, short: '..'.padEnd(11), cluster: parent }).copy(bytes, SLOT)
    await this.#blocks.write(clusterOffset(this.#geometry, cluster), bytes)
    await this.#flush()
    await this.#add(above, { name, folder: true, cluster, size: 0, time: new Date() })
  }

  /**
   * Makes a file from its pieces; whatever had the name goes to the new content in one sector's write.
   * @param size bytes that the pieces have together; another number is an error, and the file is not made
   */
  async write(
    path: string,
    size: number,
    pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<void> {
    const [folder, name] = split(path)
    await this.makeFolder(folder)
    const clusters = this.#table.allocate(Math.ceil(size / this.#geometry.bytesPerCluster))
    await this.#fill(clusters, size, pieces)
    await this.#flush()
    const cluster = clusters[0] ?? 0
    const old = await this.find(path)
    if (old === undefined) return this.#add(folder, { name, folder: false, cluster, size, time: new Date() })
    if (old.folder) throw failure('exists', { what: 'folder', name: path, hint: '' })
    await this.#point(folder, old, cluster, size)
    if (old.cluster !== 0) this.#table.release(this.#table.chain(old.cluster))
    await this.#flush()
  }

  /** Removes a file, or a folder with all that is in it. Its name goes first. */
  async remove(path: string): Promise<void> {
    const entry = await this.find(path)
    if (!entry) return
    const clusters = await clustersOf(this.#place, entry)
    const [above] = split(path)
    const folder = await this.#require(above)
    for (let slot = entry.firstSlot; slot <= entry.lastSlot; slot += 1)
      freed(folder.bytes.subarray(slot * SLOT, (slot + 1) * SLOT)).copy(folder.bytes, slot * SLOT)
    await writeSlots(this.#place, folder, entry.firstSlot, entry.lastSlot)
    await this.#blocks.sync()
    this.#table.release(clusters)
    await this.#flush()
  }

  /**
   * To be called once before anything is written: what an interrupted write left becomes free space, and the count of
   * free clusters, which other systems trust, is declared unknown.
   */
  async begin(): Promise<void> {
    this.#table.sweep()
    const { infoOffset } = this.#geometry
    if (infoOffset !== undefined) {
      const info = await this.#blocks.read(infoOffset, BOOT_SECTOR)
      if (info.readUInt32LE(0) === 0x41615252) {
        info.writeUInt32LE(UNKNOWN, 488)
        info.writeUInt32LE(UNKNOWN, 492)
        await this.#blocks.write(infoOffset, info)
      }
    }
    await this.#flush()
  }

  async #flush(): Promise<void> {
    // what the table is about to lead to must be there first
    await this.#blocks.sync()
    await this.#table.flush(this.#blocks)
    await this.#blocks.sync()
  }

  async #fill(
    clusters: readonly number[],
    size: number,
    pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<void> {
    const runs = [...this.#pieces(clusters)]
    let [waiting, length, written] = [[] as Uint8Array[], 0, 0]
    const put = async (all: boolean) => {
      while (runs[0] && length > 0) {
        const room = (runs[0].to - runs[0].from) * this.#geometry.bytesPerCluster
        if (length < room && !all) return
        const joined = Buffer.concat(waiting)
        // whole clusters: what a file does not fill is zeros and nobody's old data
        const rest = Buffer.alloc(Math.max(0, room - joined.length))
        const whole = Buffer.concat([joined.subarray(0, room), rest])
        await this.#blocks.write(clusterOffset(this.#geometry, runs[0].from), whole)
        waiting = [joined.subarray(room)]
        length = Math.max(0, length - room)
        runs.shift()
      }
    }
    for await (const piece of pieces) {
      waiting.push(piece)
      length += piece.length
      written += piece.length
      if (written > size) break
      if (length >= CHUNK) await put(false)
    }
    if (written !== size) {
      this.#table.release(clusters)
      throw failure('card-unreadable', { problem: 'a file changed while it was copied', hint: 'try again' })
    }
    await put(true)
  }

  /** Neighbouring clusters together, but no more than is held in memory at once. */
  *#pieces(clusters: readonly number[]): Generator<{ from: number; to: number }> {
    const most = Math.max(1, Math.floor(CHUNK / this.#geometry.bytesPerCluster))
    for (const { from, to } of runsOf(clusters))
      for (let at = from; at < to; at += most) yield { from: at, to: Math.min(at + most, to) }
  }

  /** Adds a name. Its slots are written in one go; the last one, which counts, is in the last sector of them. */
  async #add(path: string, entry: Omit<NewEntry, 'short'>): Promise<void> {
    let folder = await this.#require(path)
    const taken = new Set(readEntries(folder.bytes).map(({ short }) => short))
    const slots = writeEntry({ ...entry, short: shortNameFor(entry.name, taken) })
    const count = slots.length / SLOT
    const first = freeSlots(folder.bytes, count)
    while ((first + count) * SLOT > folder.bytes.length) folder = await this.#grow(folder)
    slots.copy(folder.bytes, first * SLOT)
    await writeSlots(this.#place, folder, first, first + count - 1)
    await this.#blocks.sync()
  }

  async #grow(folder: Folder): Promise<Folder> {
    const [cluster = 0] = this.#table.allocate(1)
    const empty = Buffer.alloc(this.#geometry.bytesPerCluster)
    await this.#blocks.write(clusterOffset(this.#geometry, cluster), empty)
    await this.#blocks.sync()
    this.#table.append(folder.clusters.at(-1) ?? 0, cluster)
    await this.#flush()
    return {
      clusters: [...folder.clusters, cluster],
      bytes: Buffer.concat([folder.bytes, empty]),
    }
  }

  /** Makes an entry lead to other clusters: 32 bytes within one sector. */
  async #point(path: string, entry: Entry, cluster: number, size: number): Promise<void> {
    const folder = await this.#require(path)
    shortSlot({ short: entry.short, folder: false, cluster, size, time: new Date() }).copy(
      folder.bytes,
      entry.lastSlot * SLOT,
    )
    await writeSlots(this.#place, folder, entry.lastSlot, entry.lastSlot)
    await this.#blocks.sync()
  }

  async #require(path: string): Promise<Folder> {
    const folder = await this.#folder(path)
    if (!folder) throw failure('not-found', { what: 'folder', name: path, hint: '' })
    return folder
  }

  async #folder(path: string): Promise<Folder | undefined> {
    if (path === '') return loadFolder(this.#place, this.#geometry.rootCluster)
    const entry = await this.find(path)
    return entry?.folder ? loadFolder(this.#place, entry.cluster) : undefined
  }
}

/** The folder and the last name of a path. */
function split(path: string): [string, string] {
  const slash = path.lastIndexOf('/')
  return slash === -1 ? ['', path] : [path.slice(0, slash), path.slice(slash + 1)]
}
