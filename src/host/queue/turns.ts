// Turns: who may go now, who waits and at which place. One at a time per key, so many over all.
import PQueue from 'p-queue'
import { failure } from '../../core/errors.ts'

/** A turn that was had: dispose of it to let the next one go. */
export type Turn = AsyncDisposable

export interface WaitOptions {
  readonly signal: AbortSignal
  /** Called with 1, 2, … when the wait begins and each time the place gets better; never when there is no wait. */
  readonly onPlace?: (place: number) => void
}

/** A line of waiters before `concurrency` places. */
export class Turns {
  readonly #queue: PQueue
  readonly #waiting: { moved: () => void }[] = []

  constructor(concurrency: number) {
    this.#queue = new PQueue({ concurrency })
  }

  /** How many have a turn or wait for one. */
  get size(): number {
    return this.#queue.size + this.#queue.pending
  }

  /** Waits for a turn. @throws canceled when `signal` fires first */
  async take({ signal, onPlace }: WaitOptions): Promise<Turn> {
    if (signal.aborted) throw failure('canceled', { what: 'waiting for a turn' })
    const waiter = {
      moved: () => {
        const place = this.#waiting.indexOf(waiter) + 1
        if (place > 0) onPlace?.(place)
      },
    }
    const turn = Promise.withResolvers<void>()
    const finished = Promise.withResolvers<void>()
    this.#waiting.push(waiter)
    void this.#queue.add(() => {
      this.#leave(waiter)
      if (signal.aborted) return
      turn.resolve()
      return finished.promise
    })
    const cancel = () => {
      this.#leave(waiter)
      turn.reject(failure('canceled', { what: 'waiting for a turn' }))
    }
    signal.addEventListener('abort', cancel, { once: true })
    // p-queue starts a free place within the microtasks of `add`
    await Promise.resolve()
    waiter.moved()
    try {
      await turn.promise
    } finally {
      signal.removeEventListener('abort', cancel)
    }
    return { [Symbol.asyncDispose]: async () => finished.resolve() }
  }

  #leave(waiter: { moved: () => void }): void {
    const index = this.#waiting.indexOf(waiter)
    if (index < 0) return
    this.#waiting.splice(index, 1)
    for (const later of this.#waiting.slice(index)) later.moved()
  }
}

/** One line per key, each with one place: no two changes of an app at once. */
export class TurnsByKey {
  readonly #lines = new Map<string, Turns>()

  async take(key: string, options: WaitOptions): Promise<Turn> {
    const line = this.#lines.get(key) ?? new Turns(1)
    this.#lines.set(key, line)
    const turn = await line.take(options)
    return {
      [Symbol.asyncDispose]: async () => {
        await turn[Symbol.asyncDispose]()
        if (line.size <= 1 && this.#lines.get(key) === line) this.#lines.delete(key)
      },
    }
  }
}
