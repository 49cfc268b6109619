// A disk over the network (NBD) that can stop answering and go on later, as one does whose cable is loose. QEMU has it
// as `nbd:127.0.0.1:<port>:exportname=disk`.
import { closeSync, fdatasyncSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'

export interface BlockServer extends AsyncDisposable {
  /** As QEMU names it. */
  readonly name: string
  /** From now on nothing is answered. */
  readonly hang: () => void
  /** What was asked meanwhile is answered, and what comes after it. */
  readonly goOn: () => void
  /** How many requests wait. */
  readonly waiting: () => number
}

// https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md
const [OPTION, REPLY, REQUEST, ANSWER] = [0x49484156454f5054n, 0x3e889045565a9n, 0x25609513, 0x67446698]
const [EXPORT_NAME, ABORT, GO] = [1, 2, 7]
const [ACK, INFO, UNSUPPORTED] = [1, 3, 0x80000001]
const [READ, WRITE, DISCONNECT, FLUSH] = [0, 1, 2, 3]
/** There are flags, and flushing is known. */
const FLAGS = 0b101

const number = (value: number, bytes: 2 | 4) => {
  const buffer = Buffer.alloc(bytes)
  buffer.writeUIntBE(value, 0, bytes)
  return buffer
}
const long = (value: bigint) => {
  const buffer = Buffer.alloc(8)
  buffer.writeBigUInt64BE(value)
  return buffer
}

/** Takes bytes as they come and hands them out in the sizes that are asked for. */
async function* inPieces(socket: Socket): AsyncGenerator<Buffer, void, number> {
  let have = Buffer.alloc(0)
  let size = yield have
  for await (const chunk of socket) {
    have = Buffer.concat([have, chunk as Buffer])
    while (have.length >= size) {
      const piece = have.subarray(0, size)
      have = have.subarray(size)
      size = yield piece
    }
  }
}

async function negotiate(
  socket: Socket,
  take: (size: number) => Promise<Buffer>,
  size: bigint,
): Promise<boolean> {
  // fixed newstyle, and no zeros after the old way of naming an export
  socket.write(Buffer.concat([Buffer.from('NBDMAGIC'), long(OPTION), number(0b11, 2)]))
  await take(4)
  for (;;) {
    const header = await take(16)
    const option = header.readUInt32BE(8)
    await take(header.readUInt32BE(12))
    const reply = (type: number, data: Buffer) =>
      socket.write(
        Buffer.concat([long(REPLY), number(option, 4), number(type, 4), number(data.length, 4), data]),
      )
    if (option === EXPORT_NAME) {
      socket.write(Buffer.concat([long(size), number(FLAGS, 2)]))
      return true
    }
    if (option === GO) {
      reply(INFO, Buffer.concat([number(0, 2), long(size), number(FLAGS, 2)]))
      reply(ACK, Buffer.alloc(0))
      return true
    }
    if (option === ABORT) return false
    reply(UNSUPPORTED, Buffer.alloc(0))
  }
}

/** Serves a file as a disk on loopback. */
export async function serveDisk(file: string): Promise<BlockServer> {
  const handle = openSync(file, 'r+')
  const size = fstatSync(handle).size
  let hanging: (() => void)[] | undefined
  const sockets = new Set<Socket>()

  async function serve(socket: Socket): Promise<void> {
    const pieces = inPieces(socket)
    await pieces.next(0)
    const take = async (bytes: number): Promise<Buffer> => {
      if (bytes === 0) return Buffer.alloc(0)
      const { value, done } = await pieces.next(bytes)
      if (done || value === undefined) throw new Error('the connection has ended')
      return value
    }
    if (!(await negotiate(socket, take, BigInt(size)))) return
    for (;;) {
      const request = await take(28)
      if (request.readUInt32BE(0) !== REQUEST) throw new Error('this is no request')
      const [type, length] = [request.readUInt16BE(6), request.readUInt32BE(24)]
      const at = Number(request.readBigUInt64BE(16))
      if (type === DISCONNECT) return
      const data = type === WRITE ? await take(length) : Buffer.alloc(type === READ ? length : 0)
      const answer = () => {
        if (type === READ) readSync(handle, data, 0, length, at)
        if (type === WRITE) writeSync(handle, data, 0, length, at)
        if (type === FLUSH) fdatasyncSync(handle)
        const header = Buffer.concat([number(ANSWER, 4), number(0, 4), request.subarray(8, 16)])
        socket.write(type === READ ? Buffer.concat([header, data]) : header)
      }
      // QEMU itself looks at the first sector, and does not start a guest before it has it
      const beforeGuest = type === READ && at === 0 && length === 512
      if (hanging && !beforeGuest) hanging.push(answer)
      else answer()
    }
  }

  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
    serve(socket).then(
      () => socket.end(),
      () => socket.destroy(),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('loopback has no port')
  return {
    name: `nbd:127.0.0.1:${address.port}:exportname=disk`,
    hang: () => {
      hanging ??= []
    },
    goOn: () => {
      const late = hanging ?? []
      hanging = undefined
      for (const answer of late) answer()
    },
    waiting: () => hanging?.length ?? 0,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
      closeSync(handle)
    },
  }
}
