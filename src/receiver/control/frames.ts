// How the daemon's answer travels on the control socket: stdout, stderr and the exit status in one stream of
// frames. A frame is a header of 8 bytes (type, three zeros, length as uint32) and its payload, as Docker
// frames an attached container's output.

export const frameTypes = { stdout: 1, stderr: 2, exit: 3 } as const

export type FrameType = (typeof frameTypes)[keyof typeof frameTypes]

const HEADER = 8
/** Largest payload of one frame; longer writes are cut into several. */
export const MOST_IN_FRAME = 2 ** 20

const isFrameType = (type: number): type is FrameType => type >= frameTypes.stdout && type <= frameTypes.exit

/** The header of a frame whose payload has `length` bytes. */
export function frameHeader(type: FrameType, length: number): Buffer {
  const header = Buffer.alloc(HEADER)
  header.writeUInt8(type, 0)
  header.writeUInt32BE(length, 4)
  return header
}

/** The last frame of an answer. */
export const exitFrame = (status: number): Buffer =>
  Buffer.concat([frameHeader(frameTypes.exit, 1), Buffer.of(status & 0xff)])

/** Reads frames as they come, handing payloads on without waiting for the end of a frame. */
export class FrameReader {
  readonly #onPayload: (type: FrameType, part: Buffer) => void
  #header = Buffer.alloc(0)
  #type: FrameType = frameTypes.stdout
  #left = 0

  constructor(onPayload: (type: FrameType, part: Buffer) => void) {
    this.#onPayload = onPayload
  }

  /** @throws Error for what is no frame */
  read(chunk: Buffer): void {
    let rest = chunk
    while (rest.length > 0) {
      if (this.#left === 0) rest = this.#readHeader(rest)
      if (this.#left === 0) continue
      const part = rest.subarray(0, this.#left)
      rest = rest.subarray(part.length)
      this.#left -= part.length
      if (part.length > 0) this.#onPayload(this.#type, part)
    }
  }

  #readHeader(chunk: Buffer): Buffer {
    const missing = HEADER - this.#header.length
    this.#header = Buffer.concat([this.#header, chunk.subarray(0, missing)])
    if (this.#header.length < HEADER) return chunk.subarray(chunk.length)
    const type = this.#header.readUInt8(0)
    const length = this.#header.readUInt32BE(4)
    if (!isFrameType(type) || length > MOST_IN_FRAME)
      throw new Error(`not a frame: type ${type}, ${length} bytes`)
    this.#type = type
    this.#left = length
    this.#header = Buffer.alloc(0)
    return chunk.subarray(missing)
  }
}
