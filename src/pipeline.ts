// The story of a push, readable top to bottom: receive, check out, build, release, deploy, report.
import { isDeepStrictEqual } from 'node:util'
import { buildChoices } from './builder/build-choices.ts'
import type { Builder } from './builder/builder.ts'
import { resolveProperties } from './config/properties.ts'
import type { Settings } from './config/settings.ts'
import type { App, AppName, Release } from './core/app.ts'
import { failure, isFailure, messageOf } from './core/errors.ts'
import { keptImages, rollbackTarget } from './core/history.ts'
import type { Log } from './core/log.ts'
import { branchToDeploy, deployingRefspec, planPush, refuseImmovable } from './core/push-plan.ts'
import type { Report } from './core/report.ts'
import { formatDuration } from './core/units.ts'
import type { Deployer } from './deployer/deployer.ts'
import type { GitObjects } from './host/git/objects.ts'
import type { Repositories } from './host/git/repositories.ts'
import { failpoint } from './host/process/failpoint.ts'
import { type Change, Changes } from './host/queue/changes.ts'
import type { Recovery } from './host/queue/recovery.ts'
import { Turns } from './host/queue/turns.ts'
import type { Store } from './host/store/store.ts'
import type { Actor, Pipeline } from './pipeline-port.ts'

export interface Stages {
  readonly settings: Settings
  readonly store: Store
  readonly repositories: Repositories
  readonly builder: Builder
  readonly deployer: Deployer
  readonly recovery: Recovery
  readonly urls: (app: App) => string[]
  readonly log: Log
  /** Fires when the daemon stops. */
  readonly stopping: AbortSignal
}

type Waiter = Pick<Actor, 'report' | 'signal'>

/** What a release is made from. */
interface Source {
  readonly cause: 'push' | 'rebuild'
  readonly objects: GitObjects
  readonly commit: string
}

/** Joins the stages. Holds no state but who has a turn. */
export function createPipeline(stages: Stages): Pipeline {
  const { settings, store, repositories, builder, deployer, recovery, urls, log, stopping } = stages
  const changes = new Changes(recovery, log)
  const buildTurns = new Turns(settings['build-concurrency'])

  /** Runs a change in the app's turn; a recovery that is needed comes first. */
  function inTurn(name: AppName, { report, signal }: Waiter, change: Change) {
    const onPlace = (place: number) =>
      report.step(`Waiting for another change of ${name} to end (place ${place} in line)`)
    const { id } = store.apps.get(name)
    return changes.run(String(id), { signal, onPlace }, (afterwards) => {
      // renamed or destroyed while this waited: the name may be another app's by now
      if (store.apps.find(name)?.id !== id) throw failure('app-unknown', { app: name })
      return change(afterwards)
    })
  }

  const propertiesOf = (name: AppName) => resolveProperties(store.properties.all(name), settings)
  const refsOf = (name: AppName) => repositories.refs(store.apps.get(name))

  /** Ends a release that did not come live. Its image goes, unless an older release has it too. */
  async function abandon(release: Release, error: unknown, signal: AbortSignal) {
    const { state } = store.releases.get(release.app, release.number)
    if (state !== 'building' && state !== 'deploying') return
    store.releases.end(release.app, release.number, signal.aborted ? 'canceled' : 'failed', messageOf(error))
    await keepImages(release.app).catch((problem: unknown) => {
      log.warn(
        { app: release.app, problem: messageOf(problem) },
        'the image of a failed release stays for now',
      )
    })
  }

  /** Removes the images of an app that neither run nor are kept for a rollback. */
  async function keepImages(name: AppName) {
    const kept = keptImages(store.releases.list(name), settings['releases-kept'])
    await builder.retain(store.apps.get(name), kept)
  }

  async function build(release: Release, source: Source, { report, signal }: Actor) {
    const { app: name, number } = release
    await using _turn = await buildTurns.take({
      signal,
      onPlace: (place) => report.step(`Waiting for a build of another app to end (place ${place} in line)`),
    })
    failpoint('build-started')
    const built = await builder.build(
      {
        app: store.apps.get(name),
        release: number,
        ...source,
        buildArgs: store.buildArgs.all(name),
        ...buildChoices(propertiesOf(name)),
      },
      report,
      signal,
    )
    failpoint('build-finished')
    return built
  }

  /** From a commit to a live release. On any failure the app runs as before and nothing half-built stays. */
  async function deployCommit(name: AppName, source: Source, actor: Actor) {
    const { report, signal, who } = actor
    const began = performance.now()
    const release = store.releases.create(name, {
      cause: source.cause,
      commit: source.commit,
      config: store.config.all(name),
      who,
    })
    failpoint('release-written')
    try {
      report.heading(`Building ${name} from ${source.commit.slice(0, 8)}, release ${release.number}`)
      const built = await build(release, source, actor)
      signal.throwIfAborted()
      store.releases.built(name, release.number, built)
      failpoint('release-built')
      report.heading(`Deploying ${name}`)
      await deployer.deploy(name, release.number, report, signal)
    } catch (error) {
      await abandon(release, error, signal)
      throw signal.aborted && !isFailure(error)
        ? failure('canceled', { what: `release ${release.number}` })
        : error
    }
    failpoint('deploy-finished')
    tellUrls(name, release.number, performance.now() - began, report)
  }

  /** A release of an image that is there already: a rollback, or the same image with another configuration. */
  async function deployImage(name: AppName, from: Release, cause: 'rollback' | 'config', actor: Actor) {
    const { report, signal, who } = actor
    const { image } = from
    if (image === null) throw failure('app-not-deployed', { app: name })
    const began = performance.now()
    const release = store.releases.create(name, {
      cause,
      commit: from.commit,
      config: cause === 'rollback' ? from.config : store.config.all(name),
      who,
      note: cause === 'rollback' ? `back to release ${from.number}` : '',
    })
    try {
      store.releases.built(name, release.number, { image, processes: from.processes, port: from.port })
      report.heading(
        `Deploying ${name}, release ${release.number}${cause === 'rollback' ? ` (back to ${from.number})` : ''}`,
      )
      await deployer.deploy(name, release.number, report, signal)
    } catch (error) {
      await abandon(release, error, signal)
      throw error
    }
    tellUrls(name, release.number, performance.now() - began, report)
  }

  function tellUrls(name: AppName, release: number, took: number, report: Report) {
    report.heading(`Application deployed: release ${release} of ${name} in ${formatDuration(took)}`)
    for (const url of urls(store.apps.get(name))) report.line(url)
  }

  /** Whether configuration was changed since the live release was made: --no-restart, or while it was stopped. */
  function configChanged(release: Release): boolean {
    return !isDeepStrictEqual(store.config.all(release.app), { ...release.config })
  }

  function liveRelease(name: AppName): Release {
    const { live } = store.apps.get(name)
    if (live === null) throw failure('app-not-deployed', { app: name })
    return store.releases.get(name, live.release)
  }

  async function pastRelease(name: AppName, wanted: number | undefined): Promise<Release> {
    const found = rollbackTarget(store.releases.list(name), wanted)
    if ('why' in found) throw failure('rollback-nowhere', { app: name, why: found.why })
    const { image, number } = found.target
    if (image !== null && (await builder.hasImage(image))) return found.target
    throw failure('rollback-nowhere', {
      app: name,
      why: `: the image of release ${number} is no longer kept`,
    })
  }

  return {
    async push(push) {
      const { app: name, updates, objects, report } = push
      const own = propertiesOf(name)['git.deploy-branch']
      const plan = planPush(name, updates, own)
      const commit = plan.deploy && (await repositories.commitOf(objects, plan.deploy.commit))
      // an annotated tag leads to a commit, but git would refuse it for a branch after all was deployed
      if (plan.deploy && commit !== plan.deploy.commit)
        throw failure('push-not-commit', { branch: plan.deploy.branch })
      const branch = plan.deploy?.branch ?? branchToDeploy(own, await refsOf(name))
      for (const ref of plan.stored) {
        const how = `git push <remote> ${deployingRefspec(ref, branch)}`
        report.step(`${ref} is stored, not deployed. To deploy it: ${how}`)
      }
      failpoint('push-received')
      await inTurn(name, push, async (afterwards) => {
        afterwards(async () => {
          await push.finished
          if (plan.deploy) await keepImages(name)
          await repositories.collectGarbage(store.apps.get(name), stopping)
        })
        refuseImmovable(push, plan.deploy?.branch, await refsOf(name))
        if (!plan.deploy || !commit) return
        await repositories.setHead(store.apps.get(name), plan.deploy.branch)
        await deployCommit(name, { cause: 'push', objects, commit }, push)
      })
    },

    rebuild: (name, actor) =>
      inTurn(name, actor, async (afterwards) => {
        const app = store.apps.get(name)
        const found = await repositories.deployHead(app, propertiesOf(name)['git.deploy-branch'])
        if (found === undefined) throw failure('app-not-deployed', { app: name })
        afterwards(() => keepImages(name))
        await deployCommit(
          name,
          { cause: 'rebuild', objects: repositories.objects(app), commit: found },
          actor,
        )
      }),

    rollback: (name, number, actor) =>
      inTurn(name, actor, async (afterwards) => {
        const target = await pastRelease(name, number)
        await deployImage(name, target, 'rollback', actor)
        afterwards(() => keepImages(name))
      }),

    reconfigure: (name, actor) =>
      inTurn(name, actor, async () => {
        const { live, stopped } = store.apps.get(name)
        if (live && !stopped) await deployImage(name, liveRelease(name), 'config', actor)
      }),

    restart: (name, actor) =>
      inTurn(name, actor, async () => {
        const live = liveRelease(name)
        if (configChanged(live)) return deployImage(name, live, 'config', actor)
        actor.report.heading(`Restarting ${name}`)
        await deployer.deploy(name, live.number, actor.report, actor.signal)
      }),

    stop: (name, actor) => inTurn(name, actor, () => deployer.stop(name, actor.report, actor.signal)),

    start: (name, actor) =>
      inTurn(name, actor, async () => {
        const live = liveRelease(name)
        const { stopped } = store.apps.get(name)
        if (stopped && configChanged(live)) return deployImage(name, live, 'config', actor)
        await deployer.start(name, actor.report, actor.signal)
      }),

    scale: (name, counts, actor) =>
      inTurn(name, actor, () => deployer.scale(name, counts, actor.report, actor.signal)),

    reroute: (name, actor) => inTurn(name, actor, () => deployer.reroute(actor.signal, store.apps.get(name))),

    async create(name) {
      await repositories.create(store.apps.create(name))
    },

    rename: (from, to, actor) =>
      inTurn(from, actor, async () => {
        store.apps.rename(from, to)
        await deployer.reroute(stopping)
      }),

    destroy: (name, actor) =>
      inTurn(name, actor, async () => {
        const app = store.apps.get(name)
        // the store first: what is left then belongs to no app, so it goes even if whoever asked leaves
        store.apps.destroy(name)
        try {
          await deployer.remove(app, stopping)
          await builder.removeAll(app)
          await repositories.remove(app)
        } catch (error) {
          recovery.spoil()
          throw error
        }
      }),

    async cleanup(name, actor) {
      const names =
        name === undefined ? store.apps.list().map((app) => app.name) : [store.apps.get(name).name]
      for (const each of names) await inTurn(each, actor, () => keepImages(each))
    },

    settled: () => changes.settled(),
  }
}
