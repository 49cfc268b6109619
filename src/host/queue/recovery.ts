// The gate before every change: what an earlier daemon or a lost engine left is put right first.
import { failure } from '../../core/errors.ts'

/** Runs `recover` alone, before the first change and again after `spoil`. */
export class Recovery {
  readonly #recover: (signal: AbortSignal) => Promise<void>
  readonly #stopping: AbortSignal
  /** How often something was spoiled, and up to which of these a recovery has come. */
  #spoiled = 1
  #recovered = 0
  #running: Promise<void> | undefined
  #active = 0
  #idle: (() => void)[] = []

  /** @param stopping ends a recovery; no single waiter does, since others wait for it too */
  constructor(recover: (signal: AbortSignal) => Promise<void>, stopping: AbortSignal) {
    this.#recover = recover
    this.#stopping = stopping
  }

  get needed(): boolean {
    return this.#recovered < this.#spoiled
  }

  /** Something may have been left half done: the next change waits for a recovery. */
  spoil(): void {
    this.#spoiled++
  }

  /**
   * Recovers if that is needed, once for all who wait.
   * @param signal ends this wait, not the recovery
   * @throws what `recover` threw, and it is tried again next time; canceled when `signal` fires first
   */
  async ensure(signal?: AbortSignal): Promise<void> {
    while (this.needed) {
      this.#running ??= this.#attempt().finally(() => {
        this.#running = undefined
      })
      await (signal ? unlessCanceled(this.#running, signal) : this.#running)
    }
  }

  /** Runs a change; a recovery waits until no change is under way. */
  async during<T>(signal: AbortSignal, change: () => Promise<T>): Promise<T> {
    await this.ensure(signal)
    this.#active++
    try {
      return await change()
    } finally {
      this.#active--
      if (this.#active === 0) for (const wake of this.#idle.splice(0)) wake()
    }
  }

  async #attempt(): Promise<void> {
    while (this.#active > 0) {
      const idle = new Promise<void>((resolve) => this.#idle.push(resolve))
      await unlessCanceled(idle, this.#stopping)
    }
    this.#stopping.throwIfAborted()
    const upTo = this.#spoiled
    await this.#recover(this.#stopping)
    this.#recovered = upTo
  }
}

/** Waits for `work`, which goes on when `signal` ends the wait. @throws canceled */
async function unlessCanceled(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const canceled = Promise.withResolvers<never>()
  const cancel = () => canceled.reject(failure('canceled', { what: 'waiting for the recovery' }))
  signal.addEventListener('abort', cancel, { once: true })
  if (signal.aborted) cancel()
  try {
    await Promise.race([work, canceled.promise])
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}
