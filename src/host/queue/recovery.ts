// The gate before every change: what an earlier daemon or a lost engine left is put right first.

/** Runs `recover` alone, before the first change and again after `spoil`. */
export class Recovery {
  readonly #recover: (signal: AbortSignal) => Promise<void>
  /** How often something was spoiled, and up to which of these a recovery has come. */
  #spoiled = 1
  #recovered = 0
  #running: Promise<void> | undefined
  #active = 0
  #idle: (() => void)[] = []

  constructor(recover: (signal: AbortSignal) => Promise<void>) {
    this.#recover = recover
  }

  get needed(): boolean {
    return this.#recovered < this.#spoiled
  }

  /** Something may have been left half done: the next change waits for a recovery. */
  spoil(): void {
    this.#spoiled++
  }

  /** Recovers if that is needed, once for all who wait. @throws what `recover` threw; it is tried again next time */
  async ensure(signal: AbortSignal): Promise<void> {
    while (this.needed) {
      this.#running ??= this.#attempt(signal).finally(() => {
        this.#running = undefined
      })
      await this.#running
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

  async #attempt(signal: AbortSignal): Promise<void> {
    while (this.#active > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
    signal.throwIfAborted()
    const upTo = this.#spoiled
    await this.#recover(signal)
    this.#recovered = upTo
  }
}
