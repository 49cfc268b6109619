// The control socket: `crew <command>` on the machine itself. Whoever may open the socket is the owner; the
// folder's mode sees to that.
import { chmod, mkdir, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import * as z from 'zod'
import { failure, messageOf } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import { describeError } from '../../core/report.ts'
import type { SessionHandler } from '../session.ts'
import { exitFrame, type FrameType, frameHeader, frameTypes, MOST_IN_FRAME } from './frames.ts'

/** sun_path of unix(7), less its final zero. */
const LONGEST_PATH = 107
const LONGEST_FIRST_LINE = 2 ** 20
/** Milliseconds for a client to read the exit status and go. */
const HANG_UP_LIMIT = 10_000
/** Milliseconds for commands that were cut to end. */
const STOP_LIMIT = 5_000

const requestSchema = z.strictObject({ argv: z.array(z.string()).max(10_000), terminal: z.boolean() })

export interface ControlServerParts {
  readonly paths: { readonly controlSocket: string }
  readonly handle: SessionHandler
  readonly log: Log
}

export class ControlServer {
  readonly #parts: ControlServerParts
  readonly #http: Server
  readonly #stopping = new AbortController()
  readonly #running = new Set<Promise<void>>()

  constructor(parts: ControlServerParts) {
    this.#parts = parts
    this.#http = createServer({ requestTimeout: 0, keepAlive: false }, (request, response) => {
      const run = this.#serve(request, response).catch((error: unknown) => {
        parts.log.debug({ problem: messageOf(error) }, 'a command on the control socket failed')
        response.destroy()
      })
      this.#running.add(run)
      void run.finally(() => this.#running.delete(run))
    })
    this.#http.on('clientError', (_error, socket) => socket.destroy())
  }

  /**
   * Listens. A socket that a killed daemon left is replaced.
   * @throws port-taken when somebody answers on it, setting-invalid when the path is too long for a socket
   */
  async listen(): Promise<void> {
    const path = this.#parts.paths.controlSocket
    if (Buffer.byteLength(path) > LONGEST_PATH) {
      const problem = `${path} is too long for a unix socket (${LONGEST_PATH} bytes)`
      throw failure('setting-invalid', {
        setting: 'root',
        problem,
        hint: 'choose a folder with a shorter path',
      })
    }
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await chmod(dirname(path), 0o700)
    if (await isAnswered(path)) throw failure('port-taken', { port: path, owner: 'another crew serve' })
    await rm(path, { force: true })
    await new Promise<void>((resolve, reject) => {
      this.#http.once('error', reject)
      this.#http.listen(path, resolve)
    })
    this.#http.on('error', (error) =>
      this.#parts.log.error({ problem: error.message }, 'the control socket failed'),
    )
    await chmod(path, 0o600)
  }

  /** Stops: no further commands; those under way are told, and cut after `grace` milliseconds. */
  async close(grace: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()))
    this.#stopping.abort(failure('shutting-down', {}))
    this.#http.closeIdleConnections()
    const timer = setTimeout(() => this.#http.closeAllConnections(), grace)
    await closed
    clearTimeout(timer)
    // what was told to end may still be writing to the store
    const limit = new Promise<void>((resolve) => setTimeout(resolve, STOP_LIMIT).unref())
    await Promise.race([Promise.allSettled(this.#running), limit])
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController()
    response.once('close', () => gone.abort(failure('canceled', { what: 'the command' })))
    for (const stream of [request, response]) stream.on('error', () => {})
    if (request.method !== 'POST' || request.url !== '/run') {
      response.writeHead(404, { connection: 'close' }).end()
      return
    }
    const stdin = new PassThrough()
    const asked = await readRequest(request, stdin)
    if (!asked) {
      response.writeHead(400, { connection: 'close' }).end()
      return
    }
    response.writeHead(200, { 'content-type': 'application/vnd.crew.frames', connection: 'close' })
    response.flushHeaders()
    const [stdout, stderr] = [framed(response, frameTypes.stdout), framed(response, frameTypes.stderr)]
    const signal = AbortSignal.any([gone.signal, this.#stopping.signal])
    const status = await this.#parts
      .handle({ ...asked, who: 'local', stdin, stdout, stderr, signal })
      .catch((error: unknown) => {
        const { text, exit } = describeError(error)
        stderr.write(text)
        return exit
      })
    await Promise.all([stdout, stderr].map((stream) => new Promise<void>((resolve) => stream.end(resolve))))
    response.write(exitFrame(status))
    // It is the client who hangs up, when it has read that. If we did while it still sends its input, its next
    // write would fail, and Node's client would then throw away what it has not read of the answer.
    stdin.resume()
    await hungUp(response)
    response.end()
  }
}

/** Resolves when the client has closed the connection, or has had its time to. */
function hungUp(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, HANG_UP_LIMIT)
    response.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
    if (response.destroyed) resolve()
  })
}

/** Reads the first line of the body; the rest of it becomes `stdin`. @returns undefined for what is no request */
function readRequest(
  body: IncomingMessage,
  stdin: PassThrough,
): Promise<z.infer<typeof requestSchema> | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let length = 0
    const begin = (asked: z.infer<typeof requestSchema> | undefined, rest: Buffer) => {
      body.removeListener('data', read)
      body.removeListener('close', stop)
      if (rest.length > 0) stdin.write(rest)
      body.pipe(stdin)
      resolve(asked)
    }
    const stop = () => begin(undefined, Buffer.alloc(0))
    const read = (chunk: Buffer) => {
      const end = chunk.indexOf(0x0a)
      chunks.push(end < 0 ? chunk : chunk.subarray(0, end))
      length += chunk.length
      if (end >= 0) begin(parseRequest(Buffer.concat(chunks).toString()), chunk.subarray(end + 1))
      else if (length > LONGEST_FIRST_LINE) stop()
    }
    body.on('data', read)
    body.once('close', stop)
  })
}

function parseRequest(line: string) {
  try {
    return requestSchema.safeParse(JSON.parse(line)).data
  } catch {
    return undefined
  }
}

/** A stream whose writes become frames; they are dropped once the client is gone. */
function framed(response: ServerResponse, type: FrameType): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (response.destroyed) return done()
      for (let at = 0; at < chunk.length; at += MOST_IN_FRAME) {
        const part = chunk.subarray(at, at + MOST_IN_FRAME)
        response.write(frameHeader(type, part.length))
        response.write(part)
      }
      if (!response.writableNeedDrain || response.destroyed) return done()
      const go = () => {
        response.removeListener('drain', go).removeListener('close', go)
        done()
      }
      response.once('drain', go).once('close', go)
    },
  })
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const tell = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => tell(true)).once('error', () => tell(false))
  })
}
