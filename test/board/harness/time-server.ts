// A time server (SNTP, RFC 4330) on the loopback of this machine, which tells a time of the test's choice. A guest of QEMU
// reaches it as 10.0.2.2.
import { createSocket } from 'node:dgram'

/** The one that is asked, which nobody but root may have. */
const PORT = 123
/** From 1900, where its time begins, to 1970. */
const EPOCH = 2_208_988_800
const ANSWER = 48

export interface TimeServer extends AsyncDisposable {
  /** How often it was asked. */
  readonly asked: () => number
}

/** @param ahead seconds by which its time is ahead of this machine's */
export async function serveTime(ahead: number): Promise<TimeServer> {
  const socket = createSocket('udp4')
  let asked = 0
  const stamp = (into: Buffer, at: number) => {
    const seconds = Date.now() / 1000 + ahead + EPOCH
    into.writeUInt32BE(Math.floor(seconds), at)
    into.writeUInt32BE(Math.floor((seconds % 1) * 2 ** 32), at + 4)
  }
  socket.on('message', (request, from) => {
    if (request.length < ANSWER) return
    asked += 1
    const answer = Buffer.alloc(ANSWER)
    // no leap second, version 4, a server; it has a clock of its own that is precise to a millisecond
    answer.set([0b00_100_100, 1, 6, -10])
    answer.write('LOCL', 12, 'latin1')
    stamp(answer, 16)
    // when the client sent it, by the client's own clock
    request.copy(answer, 24, 40, 48)
    stamp(answer, 32)
    stamp(answer, 40)
    socket.send(answer, from.port, from.address)
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(PORT, '127.0.0.1', resolve)
  })
  return {
    asked: () => asked,
    [Symbol.asyncDispose]: () => new Promise((resolve) => socket.close(() => resolve())),
  }
}
