// Reads git objects through one long-lived `git cat-file --batch-command`.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { CrewError, failure } from '../../core/errors.ts'
import type { GitObjects } from './objects.ts'
import { malformed } from './tree-entries.ts'

const OBJECT_ID = /^([0-9a-f]{40}|[0-9a-f]{64})$/
const HEADER = /^([0-9a-f]{40}|[0-9a-f]{64}) (blob|tree|commit|tag) (\d{1,15})$/
const LONGEST_HEADER = 200

/** Keeps git small: large blobs are inflated piece by piece, packs mapped window by window. */
const SPARING = [
  'core.bigFileThreshold=1m',
  'core.packedGitWindowSize=4m',
  'core.packedGitLimit=32m',
].flatMap((setting) => ['-c', setting])

/** An object that is not there: a shallow or damaged repository, or a snapshot without its large files. */
class MissingObject extends CrewError {
  constructor(line: string) {
    super('build-failed', { problem: `git objects: ${line}` })
  }
}

interface ObjectHeader {
  readonly type: string
  readonly size: number
}

/**
 * One git process that answers for the objects of a repository, those in a push's quarantine included.
 * Requests may overlap; answers come in their order. Blobs are given raw: what .gitattributes asks of a
 * checkout (eol, filters such as LFS) is not done.
 */
export class ObjectReader implements AsyncDisposable {
  readonly #git: ChildProcessWithoutNullStreams
  readonly #closed: Promise<unknown>
  readonly #chunks: AsyncIterator<Buffer>
  readonly #signal: AbortSignal
  readonly #kill = () => void this.#git.kill('SIGKILL')
  #buffer: Buffer = Buffer.alloc(0)
  #requests = ''
  #said = ''
  #problem: Error | undefined
  /** Settles when the answer before the next one has been read. */
  #turn: Promise<void> = Promise.resolve()

  constructor(objects: GitObjects, signal: AbortSignal) {
    this.#signal = signal
    const args = ['--git-dir', objects.repository, ...SPARING, 'cat-file', '--batch-command']
    this.#git = spawn('git', args, {
      // replace refs can be pushed: what is built is what the commit names
      env: { ...process.env, ...objects.quarantine, GIT_NO_REPLACE_OBJECTS: '1', LC_ALL: 'C' },
    })
    this.#closed = once(this.#git, 'close').catch(() => {})
    this.#git.on('error', (error: NodeJS.ErrnoException) => {
      this.#problem = error.code === 'ENOENT' ? failure('process-missing', { command: 'git' }, error) : error
      this.#git.stdout.destroy()
    })
    this.#git.stdin.on('error', () => {}) // it ended: the missing answer tells
    this.#git.stderr.on('data', (text: Buffer) => {
      this.#said = (this.#said + text).slice(-500)
    })
    this.#chunks = this.#git.stdout[Symbol.asyncIterator]()
    signal.addEventListener('abort', this.#kill)
    if (signal.aborted) this.#kill()
  }

  /** Size of an object in bytes, without its content. */
  size(oid: string, type: string): Promise<number> {
    return this.#request(`info ${this.#checked(oid)}`, async () => (await this.#header(oid, type)).size)
  }

  /** Whether an object is there at all. */
  has(oid: string): Promise<boolean> {
    return this.#request(`info ${this.#checked(oid)}`, async () => (await this.#line()) !== `${oid} missing`)
  }

  /** The whole of an object. @throws build-failed when it is larger than `most` bytes */
  contents(oid: string, type: string, most: number): Promise<Buffer> {
    return this.#request(`contents ${this.#checked(oid)}`, async () => {
      const { size } = await this.#header(oid, type)
      if (size > most) throw malformed(`${type} ${oid} has ${size} bytes, more than the ${most} allowed here`)
      const parts: Buffer[] = []
      for await (const part of this.#take(size)) parts.push(part)
      await this.#lineFeed()
      return Buffer.concat(parts)
    })
  }

  /** A blob in pieces as they are asked for. Leaving before its end ends the reader. */
  async *blob(oid: string): AsyncGenerator<Buffer, void> {
    const before = this.#turn
    const read = Promise.withResolvers<void>()
    this.#turn = read.promise
    this.#ask(`contents ${this.#checked(oid)}`)
    let whole = false
    try {
      await before
      const { size } = await this.#header(oid, 'blob')
      yield* this.#take(size)
      await this.#lineFeed()
      whole = true
    } finally {
      if (!whole) this.#kill()
      read.resolve()
    }
  }

  /** Ends the process, which only reads, and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal.removeEventListener('abort', this.#kill)
    this.#kill()
    this.#git.stdout.destroy()
    await this.#closed
  }

  /** Requests of one moment go out in one write. */
  #ask(request: string): void {
    if (this.#requests === '') {
      process.nextTick(() => {
        this.#git.stdin.write(this.#requests)
        this.#requests = ''
      })
    }
    this.#requests += `${request}\n`
  }

  #request<T>(line: string, read: () => Promise<T>): Promise<T> {
    this.#ask(line)
    const answer = this.#turn.then(read).catch((error: unknown) => {
      // where the next answer begins is not known any more, unless this one was whole
      if (!(error instanceof MissingObject)) this.#kill()
      throw error
    })
    this.#turn = answer.then(
      () => {},
      () => {},
    )
    return answer
  }

  #checked(oid: string): string {
    if (OBJECT_ID.test(oid)) return oid
    throw malformed(`${JSON.stringify(oid.slice(0, 80))} is no object id`)
  }

  async #line(): Promise<string> {
    let end = this.#buffer.indexOf(0x0a)
    while (end < 0) {
      if (this.#buffer.length > LONGEST_HEADER) throw malformed('git gave an answer that cannot be read')
      this.#buffer = Buffer.concat([this.#buffer, await this.#next()])
      end = this.#buffer.indexOf(0x0a)
    }
    const line = this.#buffer.toString('latin1', 0, end)
    this.#buffer = this.#buffer.subarray(end + 1)
    return line
  }

  async #header(oid: string, type: string): Promise<ObjectHeader> {
    const line = await this.#line()
    const [, answered, found, size] = HEADER.exec(line) ?? []
    if (line === `${oid} missing`) throw new MissingObject(line)
    if (answered !== oid || found === undefined) throw malformed(line.slice(0, LONGEST_HEADER))
    if (found !== type) throw malformed(`${oid} is a ${found}, not a ${type}`)
    return { type: found, size: Number(size) }
  }

  async *#take(size: number): AsyncGenerator<Buffer, void> {
    for (let left = size; left > 0; ) {
      const available = this.#buffer.length > 0 ? this.#buffer : await this.#next()
      const part = available.subarray(0, left)
      this.#buffer = available.subarray(part.length)
      left -= part.length
      yield part
    }
  }

  async #lineFeed(): Promise<void> {
    for await (const byte of this.#take(1))
      if (byte[0] !== 0x0a) throw malformed('git gave more than it announced')
  }

  async #next(): Promise<Buffer> {
    const next = await this.#chunks.next().catch(() => ({ done: true as const, value: undefined }))
    if (!next.done) return next.value
    if (this.#signal.aborted) throw failure('canceled', { what: 'reading the commit' })
    throw this.#problem ?? malformed(this.#said.trim() || 'git ended too early')
  }
}
