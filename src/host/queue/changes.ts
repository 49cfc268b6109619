// Changes, one at a time per key, each after whatever recovery is needed; and the work behind their answers.
import { isFailure, messageOf } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import type { Recovery } from './recovery.ts'
import { TurnsByKey, type WaitOptions } from './turns.ts'

/**
 * A change. What it hands to `afterwards` runs when it has ended, well or not, behind the answer; the next
 * change of the key waits for that too.
 */
export type Change = (afterwards: (work: () => Promise<void>) => void) => Promise<void>

export class Changes {
  readonly #turns = new TurnsByKey()
  readonly #recovery: Recovery
  readonly #log: Log
  readonly #behind = new Set<Promise<void>>()

  constructor(recovery: Recovery, log: Log) {
    this.#recovery = recovery
    this.#log = log
  }

  /** @throws canceled when `signal` fires before the turn comes, what the recovery throws, what `change` throws */
  async run(key: string, waiting: WaitOptions, change: Change): Promise<void> {
    const turn = await this.#turns.take(key, waiting)
    let afterwards = async () => {}
    try {
      await this.#recovery.during(waiting.signal, () =>
        change((work) => {
          afterwards = work
        }),
      )
    } catch (error) {
      // the engine may have kept what could not be taken back
      if (isFailure(error, 'engine-unreachable')) this.#recovery.spoil()
      throw error
    } finally {
      const work = afterwards()
        .catch((error: unknown) => {
          this.#log.warn({ key, problem: messageOf(error) }, 'clean-up after a change failed')
        })
        .finally(() => turn[Symbol.asyncDispose]())
      this.#behind.add(work)
      void work.finally(() => this.#behind.delete(work))
    }
  }

  /** Resolves when no work goes on behind an answer that was given. */
  async settled(): Promise<void> {
    while (this.#behind.size > 0) await Promise.allSettled(this.#behind)
  }
}
