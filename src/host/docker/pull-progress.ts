// What a pull's messages mean for the reader: now and then how far it is, at the end what came. Pure.
import { formatSize } from '../../core/units.ts'
import type { ProgressMessage } from './progress.ts'

/** Milliseconds between two lines; a layer sends a message for every few kilobytes. */
const BETWEEN_LINES = 3_000

interface Layer {
  current: number
  /** 0 until its download begins. */
  total: number
  state: 'waiting' | 'downloading' | 'downloaded' | 'unpacked'
}

/** The sum of the layers that were not there before. */
export class PullProgress {
  readonly #layers = new Map<string, Layer>()
  readonly #now: () => number
  #next: number
  #shown = ''

  /** @param now milliseconds of a clock that never goes back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#next = now() + BETWEEN_LINES
  }

  /** Takes the next message. @returns a line that is due */
  take({ id, status, progressDetail }: ProgressMessage): string | undefined {
    if (id !== undefined && status !== undefined) this.#note(id, status, progressDetail)
    if (this.#now() < this.#next) return undefined
    this.#next = this.#now() + BETWEEN_LINES
    const line = this.#line()
    if (line === this.#shown) return undefined
    this.#shown = line
    return line === '' ? undefined : line
  }

  /** What came, when it is all there. */
  get summary(): string {
    const layers = [...this.#layers.values()]
    if (layers.length === 0) return 'Nothing to download: every layer is there'
    const bytes = layers.reduce((sum, { total }) => sum + total, 0)
    // an engine that was quick with a layer never said its size
    const size = bytes === 0 ? '' : `, ${formatSize(bytes)}`
    return `Downloaded ${layers.length} ${layers.length === 1 ? 'layer' : 'layers'}${size}`
  }

  #note(id: string, status: string, detail: ProgressMessage['progressDetail']): void {
    if (status === 'Already exists') {
      this.#layers.delete(id)
      return
    }
    const layer = this.#layers.get(id) ?? { current: 0, total: 0, state: 'waiting' }
    if (status === 'Downloading') {
      layer.state = 'downloading'
      layer.total = detail?.total ?? layer.total
      layer.current = detail?.current ?? layer.current
    } else if (status === 'Verifying Checksum' || status === 'Download complete') {
      layer.state = 'downloaded'
      layer.total = Math.max(layer.total, layer.current)
      layer.current = layer.total
    } else if (status === 'Pull complete') layer.state = 'unpacked'
    else if (status !== 'Pulling fs layer' && status !== 'Waiting') return
    this.#layers.set(id, layer)
  }

  #line(): string {
    const layers = [...this.#layers.values()]
    const count = (...states: Layer['state'][]) => layers.filter(({ state }) => states.includes(state)).length
    const unpacked = count('unpacked')
    const downloaded = count('downloaded', 'unpacked')
    if (layers.length === 0) return ''
    // on a slow card this takes longer than the download
    if (downloaded === layers.length) return `unpacked ${unpacked} of ${layers.length} layers`
    const current = layers.reduce((sum, layer) => sum + layer.current, 0)
    const total = layers.reduce((sum, layer) => sum + layer.total, 0)
    // the size of a layer that waits is not known, so a share of the whole would go back later
    const share =
      count('waiting') > 0 || total === 0
        ? ''
        : ` of ${formatSize(total)} (${Math.floor((100 * current) / total)} %)`
    return `${formatSize(current)}${share}, ${downloaded} of ${layers.length} layers`
  }
}
