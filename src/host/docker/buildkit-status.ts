// BuildKit's progress messages, decoded: moby.buildkit.v1.StatusResponse of api/services/control/control.proto.
//
// Written out here because dockerode's decoder reads its schema from a file at run time (a bundle has none),
// keeps every event of the build in memory, and does not hand out which step a line or an error belongs to.

export interface Vertex {
  readonly digest: string
  readonly name: string
  readonly cached: boolean
  readonly started: boolean
  readonly completed: boolean
  readonly error: string
}

export interface VertexLog {
  readonly vertex: string
  readonly bytes: Buffer
}

export interface BuildKitStatus {
  readonly vertexes: readonly Vertex[]
  readonly logs: readonly VertexLog[]
}

type Field = { readonly number: number; readonly value: bigint | Buffer }

/** The fields of a message in protobuf's wire format. @throws RangeError for bytes that are none */
function* fields(message: Buffer): Generator<Field> {
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message.readUInt8(at++)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw new RangeError('a varint is too long')
  }
  const bytes = (length: number): Buffer => {
    if (length > message.length - at) throw new RangeError('a field is cut short')
    at += length
    return message.subarray(at - length, at)
  }
  while (at < message.length) {
    const key = Number(varint())
    const number = key >>> 3
    switch (key & 7) {
      case 0:
        yield { number, value: varint() }
        break
      case 1:
        yield { number, value: bytes(8) }
        break
      case 2:
        yield { number, value: bytes(Number(varint())) }
        break
      case 5:
        yield { number, value: bytes(4) }
        break
      default:
        throw new RangeError(`wire type ${key & 7} is unknown`)
    }
  }
}

const text = (value: bigint | Buffer): string => (typeof value === 'bigint' ? '' : value.toString())

function vertex(message: Buffer): Vertex {
  const found = { digest: '', name: '', cached: false, started: false, completed: false, error: '' }
  for (const { number, value } of fields(message)) {
    if (number === 1) found.digest = text(value)
    if (number === 3) found.name = text(value)
    if (number === 4) found.cached = value === 1n
    if (number === 5) found.started = true
    if (number === 6) found.completed = true
    if (number === 7) found.error = text(value)
  }
  return found
}

function log(message: Buffer): VertexLog {
  let digest = ''
  let bytes: Buffer = Buffer.alloc(0)
  for (const { number, value } of fields(message)) {
    if (number === 1) digest = text(value)
    if (number === 4 && typeof value !== 'bigint') bytes = value
  }
  return { vertex: digest, bytes }
}

/** @param base64 the `aux` of a line whose `id` is moby.buildkit.trace */
export function decodeStatus(base64: string): BuildKitStatus {
  const vertexes: Vertex[] = []
  const logs: VertexLog[] = []
  for (const { number, value } of fields(Buffer.from(base64, 'base64'))) {
    if (typeof value === 'bigint') continue
    if (number === 1) vertexes.push(vertex(value))
    if (number === 3) logs.push(log(value))
  }
  return { vertexes, logs }
}
