// Sets and cards that tests make: small ones, and a card in memory that can lose its power.
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Blocks } from '../../../../src/image/card/fat/blocks.ts'

/** A folder that goes when the test is over. */
export function scratch(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'skiff-card-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')

/** Bytes that differ from set to set. */
export const filled = (size: number, seed: string): Buffer =>
  Buffer.alloc(size, createHash('sha512').update(seed).digest())

/** Writes a set with its manifest. @returns the folder it gets on a card */
export function writeSet(output: string, files: Readonly<Record<string, Buffer | string>>): string {
  const listed = Object.entries(files).map(([name, content]) => {
    const path = join(output, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    return { name, size: Buffer.byteLength(content), sha256: sha256(content) }
  })
  const checksum = sha256(JSON.stringify(listed))
  const manifest = { files: listed, checksum, assembler: 'test', architecture: 'arm64', chain: ['virt/qemu'] }
  writeFileSync(join(output, 'manifest.json'), JSON.stringify(manifest))
  return `skiff/${checksum.slice(0, 12)}`
}

/** The files of a small set. */
export const smallSet = (seed: string, size = 9000): Record<string, Buffer | string> => ({
  kernel: filled(size, `${seed} kernel`),
  initramfs: filled(size + 700, `${seed} initramfs`),
  'engine.squashfs': filled(size * 2, `${seed} engine`),
  'boot/cmdline': 'panic=10 quiet\n',
})

export type Operation =
  | { readonly kind: 'write'; readonly offset: number; readonly data: Buffer }
  | { readonly kind: 'sync' }

/** Bytes in memory; sectors that were written lie over a base that may be shared. */
export class MemoryCard implements Blocks {
  readonly size: number
  readonly operations: Operation[] = []
  readonly #base: Buffer
  readonly #over = new Map<number, Buffer>()

  constructor(base: Buffer) {
    this.#base = base
    this.size = base.length
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const bytes = Buffer.from(this.#base.subarray(offset, offset + length))
    for (let sector = Math.floor(offset / 512); sector * 512 < offset + length; sector += 1) {
      const over = this.#over.get(sector)
      if (!over) continue
      const from = Math.max(offset, sector * 512)
      const to = Math.min(offset + length, (sector + 1) * 512)
      over.copy(bytes, from - offset, from - sector * 512, to - sector * 512)
    }
    return bytes
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    this.operations.push({ kind: 'write', offset, data: Buffer.from(data) })
    this.put(offset, Buffer.from(data))
  }

  async sync(): Promise<void> {
    this.operations.push({ kind: 'sync' })
  }

  /** Whole sectors, as everything of ours writes them. */
  put(offset: number, data: Buffer): void {
    if (offset % 512 !== 0 || data.length % 512 !== 0)
      throw new Error(`not whole sectors: ${offset}, ${data.length}`)
    for (let at = 0; at < data.length; at += 512)
      this.#over.set((offset + at) / 512, Buffer.from(data.subarray(at, at + 512)))
  }
}

/**
 * The card after a power cut before operation `count`: what was made durable is there, of what came after, any part.
 * @param lucky says of each sector whether it made it
 */
export function afterCut(
  base: Buffer,
  operations: readonly Operation[],
  count: number,
  lucky: () => boolean,
): MemoryCard {
  const card = new MemoryCard(base)
  const done = operations.slice(0, count)
  const durable = done.findLastIndex(({ kind }) => kind === 'sync')
  for (const [index, operation] of done.entries()) {
    if (operation.kind === 'sync') continue
    for (let at = 0; at < operation.data.length; at += 512)
      if (index < durable || lucky()) card.put(operation.offset + at, operation.data.subarray(at, at + 512))
  }
  return card
}

/** Numbers from 0 to 1, the same ones for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
