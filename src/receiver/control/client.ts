// The client's side of the control socket: runs one command in the daemon as if it ran here. Few imports, since
// it is what every `crew <command>` waits for.
import { request } from 'node:http'
import type { Readable, Writable } from 'node:stream'
import { failure } from '../../core/errors.ts'
import { FrameReader, frameTypes } from './frames.ts'

export interface ControlStreams {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  /** A person sits at stdin. */
  readonly terminal: boolean
  /** Calls the command off. */
  readonly signal: AbortSignal
}

/** As a shell reports a command that was interrupted. */
const INTERRUPTED = 130

/**
 * Runs a command in the daemon.
 * @returns its exit status; 130 when `signal` fired first
 * @throws daemon-unreachable, also when the daemon goes away before it has told the exit status
 */
export function runOnDaemon(
  socketPath: string,
  argv: readonly string[],
  streams: ControlStreams,
): Promise<number> {
  const { stdin, stdout, stderr, terminal, signal } = streams
  return new Promise((resolve, reject) => {
    if (signal.aborted) return resolve(INTERRUPTED)
    const headers = { 'content-type': 'application/octet-stream' }
    const asked = request({ socketPath, method: 'POST', path: '/run', headers, agent: false })
    let ended = false
    const end = (finish: () => void) => {
      if (ended) return
      ended = true
      signal.removeEventListener('abort', cancel)
      stdin.unpipe(asked)
      // a terminal that is still being read would keep this process alive
      stdin.pause()
      asked.destroy()
      finish()
    }
    const cancel = () => end(() => resolve(INTERRUPTED))
    const lost = (cause?: unknown) =>
      end(() => reject(failure('daemon-unreachable', { socket: socketPath }, cause)))
    signal.addEventListener('abort', cancel)

    asked.on('error', lost)
    asked.once('response', (response) => {
      if (response.statusCode !== 200) return lost()
      const reader = new FrameReader((type, part) => {
        if (type === frameTypes.exit) {
          const status = part.readUInt8(0)
          return end(() => resolve(status))
        }
        const out = type === frameTypes.stdout ? stdout : stderr
        if (out.write(part)) return
        response.pause()
        out.once('drain', () => response.resume())
      })
      // whoever read our output is gone: as with SIGPIPE, there is nothing left to do
      for (const out of [stdout, stderr]) out.on('error', cancel)
      response.on('data', (chunk: Buffer) => {
        try {
          reader.read(chunk)
        } catch (error) {
          lost(error)
        }
      })
      response.once('close', () => lost())
    })
    asked.write(`${JSON.stringify({ argv, terminal })}\n`)
    stdin.pipe(asked)
  })
}
