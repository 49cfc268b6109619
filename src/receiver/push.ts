// A push that git has received and checked, and that waits for an answer before any ref moves.
import type { AppName } from '../core/app.ts'
import type { Report } from '../core/report.ts'
import type { GitObjects } from '../host/git/objects.ts'

export interface RefUpdate {
  readonly ref: string
  /** Object id; all zeros for a ref that is new. */
  readonly from: string
  /** Object id; all zeros for a ref that is to be deleted. */
  readonly to: string
}

export interface Push {
  readonly app: AppName
  readonly updates: readonly RefUpdate[]
  readonly objects: GitObjects
  readonly who: string
  /** Lines to the pusher's terminal, as they are produced. */
  readonly report: Report
  /** Fires when the pusher is gone or the daemon stops. */
  readonly signal: AbortSignal
  /**
   * Settles when git has ended, so the refs have moved or never will. Whoever accepts a push holds the app's
   * turn until then; else the next push would be judged against refs that are about to move.
   */
  readonly finished: Promise<void>
}

/** Accepts a push by returning; throws to refuse it as a whole. */
export type PushHandler = (push: Push) => Promise<void>
