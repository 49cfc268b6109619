// What can be changed of apps: the port between the commands, the receiver and the pipeline.
import type { AppName } from './core/app.ts'
import type { Report } from './core/report.ts'
import type { Push } from './receiver/push.ts'

/** Who wants a change, where its lines go, and when it is called off. */
export interface Actor {
  readonly who: string
  readonly report: Report
  readonly signal: AbortSignal
}

/** Changes of apps. Each takes the app's turn, so no two changes of one app run at once. */
export interface Pipeline {
  /** Accepts a push, deploying it when it is of the deploy branch. Throws to refuse it. */
  push(push: Push): Promise<void>
  /** Builds and deploys the deploy branch as the repository has it. */
  rebuild(app: AppName, actor: Actor): Promise<void>
  /** A new release with image and configuration of an older one; undefined is the one that ran before. */
  rollback(app: AppName, release: number | undefined, actor: Actor): Promise<void>
  /** A new release of the live image with the configuration the store has now. Nothing to do when nothing is live. */
  reconfigure(app: AppName, actor: Actor): Promise<void>
  /** New containers for the live release, through the same swap. */
  restart(app: AppName, actor: Actor): Promise<void>
  stop(app: AppName, actor: Actor): Promise<void>
  start(app: AppName, actor: Actor): Promise<void>
  /** Sets the formation and starts or stops what differs. */
  scale(app: AppName, counts: Readonly<Record<string, number>>, actor: Actor): Promise<void>
  /** Brings the router to what the store says of ports and domains. */
  reroute(app: AppName, actor: Actor): Promise<void>
  create(app: AppName): Promise<void>
  rename(from: AppName, to: AppName, actor: Actor): Promise<void>
  destroy(app: AppName, actor: Actor): Promise<void>
  /** Removes images of old releases and dangling layers that Crew made; of one app or of all. */
  cleanup(app: AppName | undefined, actor: Actor): Promise<void>
  /** Resolves when no work goes on behind an answer that was already given. */
  settled(): Promise<void>
}
