// stdout and stderr of an SSH channel. They never hang and never grow without limit: what is written after the
// client has gone is dropped, and a slow client slows its writer down.
import type { Socket } from 'node:net'
import { Writable } from 'node:stream'
import type { ServerChannel } from 'ssh2'
import { withCarriageReturns } from './terminal.ts'

/** Bytes that may wait in the socket below, over all channels of a connection. ssh2 itself sets no limit. */
const MOST_IN_SOCKET = 2 * 2 ** 20
const HIGH_WATER_MARK = 64 * 1024

export interface ChannelOutputOptions {
  readonly channel: ServerChannel
  readonly socket: Socket
  /** Fires when nothing more can be sent. */
  readonly gone: AbortSignal
  /** The client's terminal is in raw mode. */
  readonly terminal: boolean
}

/**
 * The two streams of a channel, which take turns: ssh2 1.17 remembers one blocked chunk of each and resumes
 * the wrong one when both streams are blocked by the client's window.
 */
export function channelOutput({ channel, socket, gone, terminal }: ChannelOutputOptions) {
  let turn = Promise.resolve()

  const send = async (target: Writable, chunk: Buffer): Promise<void> => {
    if (socket.writableLength > MOST_IN_SOCKET) await settled(gone, (done) => socket.once('drain', done))
    if (gone.aborted) return
    await settled(gone, (done) => target.write(terminal ? withCarriageReturns(chunk) : chunk, () => done()))
    forgetBlockedChunk(channel)
  }
  const stream = (target: Writable) =>
    new Writable({
      highWaterMark: HIGH_WATER_MARK,
      write(chunk: Buffer, _encoding, done) {
        // a throw of ssh2 means the connection is over, which `gone` tells in a moment
        turn = turn.then(() => send(target, chunk)).catch(() => {})
        void turn.then(() => done())
      },
    })
  return { stdout: stream(channel), stderr: stream(channel.stderr) }
}

/** Waits for a callback, or for the client to be gone. */
function settled(gone: AbortSignal, start: (done: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      gone.removeEventListener('abort', done)
      resolve()
    }
    if (gone.aborted) return resolve()
    gone.addEventListener('abort', done)
    try {
      start(done)
    } catch (error) {
      gone.removeEventListener('abort', done)
      reject(error)
    }
  })
}

/**
 * ssh2 1.17 (Channel.js) never forgets a chunk that waited for the window, and sends it again the next time
 * the other stream has waited. Private fields: a version that lacks them needs none of this.
 */
function forgetBlockedChunk(channel: ServerChannel): void {
  for (const field of ['_chunk', '_chunkcb', '_chunkErr', '_chunkcbErr']) {
    if (field in channel) Reflect.set(channel, field, undefined)
  }
}
