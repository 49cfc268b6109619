// The little of a terminal that a client in raw mode leaves to us after pty-req: line ends, echo, erase, Ctrl-C.
import { Transform, type TransformCallback, type Writable } from 'node:stream'

const INTERRUPT = 0x03
const END = 0x04
const BACKSPACE = 0x08
const RETURN = 0x0d
const DELETE = 0x7f
const LONGEST_LINE = 4096

/** Output for a terminal in raw mode: line feeds become CR LF. */
export function withCarriageReturns(chunk: Buffer): Buffer {
  if (!chunk.includes(0x0a)) return chunk
  // latin1 keeps every byte as it is
  return Buffer.from(chunk.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1')
}

/** Typed keys become lines. Ctrl-C calls `onInterrupt`, Ctrl-D on an empty line is the end. */
export class TerminalInput extends Transform {
  readonly #echo: Writable
  readonly #onInterrupt: () => void
  #line: number[] = []
  #over = false

  constructor(echo: Writable, onInterrupt: () => void) {
    super()
    this.#echo = echo
    this.#onInterrupt = onInterrupt
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    for (const key of chunk) this.#type(key)
    done()
  }

  override _flush(done: TransformCallback): void {
    this.#finishLine()
    done()
  }

  #type(key: number): void {
    if (key === INTERRUPT) {
      this.#echo.write('^C\n')
      this.#onInterrupt()
    } else if (this.#over) return
    else if (key === END) {
      this.#over = this.#line.length === 0
      if (this.#over) this.push(null)
      else this.#finishLine()
    } else if (key === RETURN || key === 0x0a) {
      this.#echo.write('\n')
      this.#line.push(0x0a)
      this.#finishLine()
    } else if (key === BACKSPACE || key === DELETE) this.#erase()
    else if (key >= 0x20 && this.#line.length < LONGEST_LINE) {
      this.#line.push(key)
      this.#echo.write(Buffer.of(key))
    }
  }

  /** Takes back one character, of as many bytes as UTF-8 has for it. */
  #erase(): void {
    if (this.#line.length === 0) return
    while (((this.#line.pop() ?? 0) & 0xc0) === 0x80);
    this.#echo.write('\b \b')
  }

  #finishLine(): void {
    if (this.#line.length > 0 && !this.#over) this.push(Buffer.from(this.#line))
    this.#line = []
  }
}
