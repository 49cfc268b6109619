// Containers on their way out: drained, stopped, removed; behind the back of whoever pushed.
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { Containers } from '../host/docker/containers.ts'
import { failpoint } from '../host/process/failpoint.ts'
import type { Observed } from './observe.ts'
import type { RouterPort } from './router.ts'

export interface Limits {
  /** Milliseconds that requests under way may take. */
  readonly drain: number
  /** Milliseconds from SIGTERM to SIGKILL. */
  readonly stop: number
}

/** Pauses before another try when the engine does not answer, in milliseconds. Then a later reconcile does it. */
const RETRIES = [1_000, 5_000, 15_000, 60_000]

/** Invariant: a container that is here has no route any more, and nothing else touches it. */
export class Retirement implements AsyncDisposable {
  readonly #containers: Containers
  readonly #router: RouterPort
  readonly #log: Log
  readonly #ids = new Set<string>()
  readonly #batches = new Set<Promise<void>>()
  readonly #closing = new AbortController()

  constructor(containers: Containers, router: RouterPort, log: Log) {
    this.#containers = containers
    this.#router = router
    this.#log = log
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  /**
   * Begins to retire containers that the router was just told to forget.
   * @returns when they are gone, or were given up; need not be awaited
   */
  retire(containers: readonly Observed[], limits: Limits): Promise<void> {
    if (containers.length === 0) return Promise.resolve()
    for (const { id } of containers) this.#ids.add(id)
    const batch = this.#retire(containers, limits)
      .catch((error: unknown) => {
        if (this.#closing.signal.aborted) return
        const names = containers.map(({ name }) => name)
        this.#log.warn(
          { containers: names, problem: messageOf(error) },
          'old containers could not be removed',
        )
      })
      .finally(() => {
        for (const { id } of containers) this.#ids.delete(id)
        this.#batches.delete(batch)
      })
    this.#batches.add(batch)
    return batch
  }

  /** Resolves when nothing is on its way out any more. */
  async settled(): Promise<void> {
    while (this.#batches.size > 0) await Promise.all(this.#batches)
  }

  /** Gives up what is under way; a reconcile at the next start finds it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.settled()
  }

  async #retire(containers: readonly Observed[], { drain, stop }: Limits): Promise<void> {
    const { signal } = this.#closing
    const servers = containers.filter(({ type }) => type === 'web').map(({ name }) => name)
    if (servers.length > 0) await this.#drain(servers, drain, signal)
    failpoint('old-drained')
    await this.#persist(() =>
      Promise.all(
        containers.map(async ({ id }) => {
          await this.#containers.stop(id, stop, signal)
          failpoint('old-stopped')
          await this.#containers.remove(id)
          failpoint('old-removed')
        }),
      ),
    )
  }

  /** A router that fails here keeps nobody's containers: they get no requests any more. */
  async #drain(servers: readonly string[], timeout: number, signal: AbortSignal): Promise<void> {
    try {
      const { cut } = await this.#router.drain(servers, timeout, signal)
      if (cut > 0)
        this.#log.info({ servers, cut }, 'requests were cut off when their time to finish was over')
    } catch (error) {
      signal.throwIfAborted()
      this.#log.warn({ servers, problem: messageOf(error) }, 'the router did not drain')
    }
  }

  async #persist(work: () => Promise<unknown>): Promise<void> {
    const { signal } = this.#closing
    for (const pause of [...RETRIES, undefined]) {
      try {
        await work()
        return
      } catch (error) {
        if (signal.aborted || pause === undefined) throw error
        await sleep(pause, undefined, { signal })
      }
    }
  }
}
