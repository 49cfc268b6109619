// What a file system is kept on: bytes at offsets. A partition of a device, of an image file, or of a test's memory.

export interface Blocks {
  /** Bytes. */
  readonly size: number
  /** @throws card-lost when the device does not give them */
  read(offset: number, length: number): Promise<Buffer>
  /** Durable only after the next `sync`; until then any part of it may be lost, in any order. */
  write(offset: number, data: Uint8Array): Promise<void>
  sync(): Promise<void>
}

/** A part of something bigger. What would be outside of it is refused: the neighbour is the user's data. */
export function part(blocks: Blocks, start: number, size: number): Blocks {
  const within = (offset: number, length: number) => {
    if (offset < 0 || offset + length > size)
      throw new RangeError(`bytes ${offset} to ${offset + length} are outside of a partition of ${size}`)
    return start + offset
  }
  return {
    size,
    read: async (offset, length) => blocks.read(within(offset, length), length),
    write: async (offset, data) => blocks.write(within(offset, data.length), data),
    sync: () => blocks.sync(),
  }
}
