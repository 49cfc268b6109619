// What a build's messages mean for the reader: lines to show, the image that came out, why it failed.
import { StringDecoder } from 'node:string_decoder'
import * as z from 'zod'
import { decodeStatus, type Vertex } from './buildkit-status.ts'
import type { ProgressMessage } from './progress.ts'

/** strerror(ENOSPC) */
const NO_SPACE = /no space left on device/i
const LONGEST_LINE = 2000

export interface BuildFailure {
  /** The engine's words. */
  readonly message: string
  /** The step that failed, as it was shown; undefined when the engine did not get to one. */
  readonly step: string | undefined
  /** Exit status of its command, if it was one. */
  readonly exitCode: number | undefined
  /** A command said ENOSPC in its own output, as most do before they end with some exit status. */
  readonly diskFull: boolean
}

/** The classic builder's dress of what a step writes to stderr; the line feed is inside of it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
const RED = /^\u001b\[91m([\s\S]*)\u001b\[0m$/

const imageShape = z.object({ ID: z.string().regex(/^sha256:[0-9a-f]{64}$/) })

/** Follows the messages of one build of either builder. */
export class BuildOutput {
  readonly #line: (text: string) => void
  readonly #partial = new Map<string, string>()
  readonly #decoders = new Map<string, StringDecoder>()
  readonly #shown = new Set<string>()
  /** The step that was shown last. */
  #newest = ''
  #step: string | undefined
  #diskFull = false
  /** Image id of the last stage that was finished. */
  image: string | undefined
  failure: BuildFailure | undefined
  readonly #stages: string[] = []
  #lastLayer: string | undefined

  constructor(line: (text: string) => void) {
    this.#line = line
  }

  /** Takes the next message. */
  take(message: ProgressMessage): void {
    if (message.id === 'moby.buildkit.trace' && typeof message.aux === 'string') this.#trace(message.aux)
    else if (message.error !== undefined) this.#fail(message)
    else if (message.aux !== undefined) this.#finished(message.aux)
    else if (message.stream !== undefined) this.#text('', message.stream.replace(RED, '$1'))
  }

  /** Shows what is left of lines that never ended. */
  end(): void {
    for (const vertex of [...this.#partial.keys()]) this.#flush(vertex)
  }

  /**
   * Untagged images that the classic builder leaves on the engine: each stage's last one, and that of the last
   * step before a build was cut short. They are its cache.
   */
  get leftovers(): string[] {
    const unfinished = this.failure || this.#lastLayer ? [this.image, this.#lastLayer] : []
    return [...this.#stages, ...unfinished.filter((id) => id !== undefined)]
  }

  #finished(aux: unknown): void {
    const { data } = imageShape.safeParse(aux)
    if (!data) return
    if (this.image !== undefined) this.#stages.push(this.image)
    this.image = data.ID
    this.#lastLayer = undefined
  }

  #fail(message: ProgressMessage): void {
    this.end()
    const text = message.errorDetail?.message ?? message.error ?? ''
    const exitCode = message.errorDetail?.code ?? /(?:exit code|non-zero code): (\d+)/.exec(text)?.[1]
    this.failure = {
      message: text,
      step: this.#step,
      exitCode: exitCode === undefined || Number(exitCode) === 0 ? undefined : Number(exitCode),
      diskFull: this.#diskFull || NO_SPACE.test(text),
    }
  }

  #trace(aux: string): void {
    const { vertexes, logs } = decodeStatus(aux)
    for (const vertex of vertexes) this.#vertex(vertex)
    for (const { vertex, bytes } of logs) {
      const decoder = this.#decoders.get(vertex) ?? new StringDecoder()
      this.#decoders.set(vertex, decoder)
      this.#text(vertex, decoder.write(bytes))
    }
  }

  #vertex({ digest, name, cached, started, completed, error }: Vertex): void {
    const show = (text: string) => {
      if (this.#shown.has(text + digest)) return
      this.#shown.add(text + digest)
      this.#line(text)
    }
    // `[internal] …` and `copy /context /` are how the context came in, not steps of the Dockerfile
    const step = /^\[(?!internal\])|^exporting to image$/.test(name)
    if (step && started) {
      if (!this.#shown.has(name + digest)) this.#newest = digest
      show(name)
    }
    if (completed) {
      this.#flush(digest)
      // steps run side by side: another one may have begun since
      if (step && cached) show(this.#newest === digest ? 'CACHED' : `CACHED ${name}`)
    }
    if (error === '') return
    if (!/cancell?ed/.test(error)) this.#step ??= name.replace(/^\[internal\] /, '')
    show(`ERROR: ${error}`)
  }

  #text(vertex: string, text: string): void {
    const lines = ((this.#partial.get(vertex) ?? '') + text).split('\n')
    const rest = lines.pop() ?? ''
    for (const line of lines) this.#show(vertex, line)
    // progress bars rewrite one line for ever; only what stands at its end counts
    this.#partial.set(vertex, rest.length > LONGEST_LINE ? rest.slice(-LONGEST_LINE) : rest)
  }

  #flush(vertex: string): void {
    const rest = this.#partial.get(vertex)
    this.#partial.delete(vertex)
    this.#decoders.delete(vertex)
    if (rest) this.#show(vertex, rest)
  }

  #show(vertex: string, line: string): void {
    const last = line.replace(/\r+$/, '').split('\r').at(-1) ?? ''
    if (vertex === '' && !this.#classic(last)) return
    if (NO_SPACE.test(last)) this.#diskFull = true
    this.#line(last.length > LONGEST_LINE ? `${last.slice(0, LONGEST_LINE)}…` : last)
  }

  /** Notes what the classic builder's own lines say. @returns whether the line is for the reader */
  #classic(line: string): boolean {
    const layer = /^ ---> ([0-9a-f]{12})$/.exec(line)?.[1]
    if (layer !== undefined && !/ : FROM /i.test(this.#step ?? '')) this.#lastLayer = layer
    const step = /^Step \d+\/\d+ : /.test(line)
    if (step) {
      this.#step = line
      this.#diskFull = false
    }
    return !(
      layer !== undefined ||
      /^ ---> Running in [0-9a-f]{12}$/.test(line) ||
      /^Removing intermediate container [0-9a-f]{12}$/.test(line) ||
      /^Successfully built [0-9a-f]{12}$/.test(line) ||
      /^Successfully tagged crew-\S+:r\d+$/.test(line)
    )
  }
}
