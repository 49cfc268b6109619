// The composition root: builds the adapters, joins receiver -> builder -> deployer, starts, stops.
import { mkdirSync } from 'node:fs'
import { BuildPlaces } from './builder/build-places.ts'
import { Builder } from './builder/builder.ts'
import { MachineCheck } from './builder/machine-check.ts'
import { reconcileMade } from './builder/scratch/leftovers.ts'
import type { Scratch } from './builder/scratch/scratch.ts'
import { Uploads } from './builder/uploads.ts'
import { commandHandler } from './commands/run.ts'
import { pathsOf } from './config/paths.ts'
import type { Settings } from './config/settings.ts'
import { failure, isFailure, messageOf } from './core/errors.ts'
import { keptImages } from './core/history.ts'
import type { Log } from './core/log.ts'
import { silent } from './core/report.ts'
import { version } from './core/version.ts'
import { Deployer } from './deployer/deployer.ts'
import { urlsOf } from './deployer/routes.ts'
import { removeStaleLooks } from './host/docker/elf.ts'
import { Engine } from './host/docker/engine.ts'
import { checkLogin } from './host/docker/login.ts'
import { engineGone } from './host/docker/presence.ts'
import { takeLock } from './host/files/lock.ts'
import { Repositories } from './host/git/repositories.ts'
import { sweepRepositories } from './host/git/repository.ts'
import { removeStaleGrounds } from './host/ground/ground.ts'
import { Recovery } from './host/queue/recovery.ts'
import { Router } from './host/router/router.ts'
import { Store } from './host/store/store.ts'
import { createPipeline } from './pipeline.ts'
import { ControlServer } from './receiver/control/server.ts'
import { installHooks } from './receiver/git/hooks.ts'
import { GitService, parseGitService } from './receiver/git/service.ts'
import type { Session, SessionHandler } from './receiver/session.ts'
import { publishKeys } from './receiver/ssh/authorized-keys.ts'
import { parsePublicKey } from './receiver/ssh/public-key.ts'
import { startSsh } from './receiver/ssh/start.ts'

/** How often the router is looked at, and an engine that went away is asked again. */
const WATCH_INTERVAL = 5_000

/** Everything of an instance that needs no port: also what `crew teardown` works with. */
export function openInstance(settings: Settings, log: Log) {
  const paths = pathsOf(settings.root)
  for (const folder of [paths.root, paths.run, paths.work, paths.router, paths.repositories, paths.hooks]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  }
  const lock = takeLock(paths.lock)
  if (!lock) throw failure('already-running', { root: settings.root })
  const store = new Store(paths.database)
  const engine = new Engine(settings['engine-host'])
  const router = new Router({ settings, paths, log })
  const deployer = new Deployer({ engine, store, router, settings, log })
  return { paths, lock, store, engine, router, deployer }
}

type Instance = ReturnType<typeof openInstance>

/** The builder, and what makes base images for it: that is loaded when the first one is missing. */
function builderOf({ engine, store, paths }: Instance, settings: Settings, log: Log) {
  const places = new BuildPlaces(engine, settings, paths)
  const machine = new MachineCheck()
  const uploads = new Uploads()
  const access = (registry: string) => ({
    credentials: store.registries.find(registry),
    insecure: settings['registry-insecure'],
  })
  let loaded: Promise<Scratch> | undefined
  const scratch = () => {
    loaded ??= import('./builder/scratch/scratch.ts').then(
      ({ Scratch }) =>
        new Scratch({ settings, paths, store, access, machine, onUpload: (one) => uploads.add(one), log }),
    )
    return loaded
  }
  const { instance } = store
  const builder = new Builder({ engine, settings, paths, instance, places, machine, uploads, scratch, log })
  return { places, builder, scratch }
}

/**
 * Puts right what an earlier daemon or a lost engine left: releases that never ended, containers and routes
 * that the store does not say, repositories and work folders of nobody.
 */
function recoveryOf(
  { store, engine, deployer }: Instance,
  builder: Builder,
  repositories: Repositories,
  settings: Settings,
  stopping: AbortSignal,
  log: Log,
) {
  return new Recovery(async (signal) => {
    const interrupted = new Set(store.releases.unfinished().map(({ app }) => app))
    await repositories.reconcile(() => store.apps.list())
    await builder.removeStaleWork()
    await reconcileMade(engine, store)
    await removeStaleLooks(engine)
    await deployer.reconcile(silent, signal)
    for (const name of interrupted) {
      const kept = keptImages(store.releases.list(name), settings['releases-kept'])
      await builder.retain(store.apps.get(name), kept)
    }
    log.info(
      { apps: store.apps.list().length, interrupted: interrupted.size },
      'what runs is what the store says',
    )
  }, stopping)
}

/** Keeps the router up and recovers when the engine is back, until `signal` fires. */
async function watch(instance: Instance, recovery: Recovery, signal: AbortSignal, log: Log) {
  const { router, deployer } = instance
  let complained = ''
  while (!signal.aborted) {
    try {
      if (recovery.needed) await recovery.ensure()
      else if (!(await router.status()).running) {
        log.warn({}, 'the router is gone; starting it again')
        await router.start(signal)
        await deployer.reroute(signal)
      }
      complained = ''
    } catch (error) {
      const problem = messageOf(error)
      if (!signal.aborted && problem !== complained)
        log.error({ problem }, 'not all is as it should be; trying again')
      complained = problem
    }
    await pause(WATCH_INTERVAL, signal)
  }
}

/**
 * Sees to it that apps come back when the engine was gone while nobody changed anything: a dockerd that was killed
 * does not start every container again.
 */
async function watchEngine(engine: Engine, recovery: Recovery, signal: AbortSignal, log: Log) {
  let unseen = false
  while (!signal.aborted) {
    const answered = () => {
      if (unseen) recovery.spoil()
      unseen = true
    }
    await engineGone(engine, answered, signal).then(
      () => signal.aborted || log.warn({ engine: engine.address }, 'the engine went away'),
      // not there, which the next change will say
      () => {},
    )
    await pause(WATCH_INTERVAL, signal)
  }
}

const pause = (milliseconds: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    // a signal that has fired calls nobody any more
    if (signal.aborted) return resolve()
    const timer = setTimeout(done, milliseconds)
    signal.addEventListener('abort', done)
    function done() {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
  })

/** Git's services go to git, everything else is a command. */
function sessionHandler(git: GitService, commands: SessionHandler): SessionHandler {
  return async (session: Session) => {
    const request = parseGitService(session.argv)
    return request ? git.serve(request, session) : commands(session)
  }
}

export interface Daemon extends AsyncDisposable {
  readonly ssh: { readonly host: string; readonly port: number }
}

/**
 * Starts everything and returns when SSH and the control socket answer. Dispose of it to stop: sessions end,
 * running apps and the router go on.
 * @throws already-running, port-taken, store-newer, setting-invalid
 */
export async function startDaemon(settings: Settings, log: Log): Promise<Daemon> {
  const startedAt = new Date().toISOString()
  await using started = new AsyncDisposableStack()
  const instance = openInstance(settings, log)
  const { paths, store, engine, router, deployer } = instance
  started.use(instance.lock)
  started.use(store)
  started.use(deployer)

  const stop = new AbortController()
  const { places, builder, scratch } = builderOf(instance, settings, log)
  started.use(places)
  const repositories = new Repositories(paths.repositories)
  const recovery = recoveryOf(instance, builder, repositories, settings, stop.signal, log)
  const urls = urlsOf(store, settings)
  const pipeline = createPipeline({
    settings,
    store,
    repositories,
    builder,
    deployer,
    recovery,
    urls,
    log,
    stopping: stop.signal,
  })
  started.defer(() => pipeline.settled())

  await installHooks(paths)
  await repositories.sweep()
  await sweepRepositories(paths.sources)
  await removeStaleGrounds(paths)
  const git = new GitService({ settings, paths, log, store, repositories, pipeline })
  const ssh = { host: settings['ssh-host'], port: settings['ssh-port'] }
  const info = async () => ({
    version,
    root: settings.root,
    startedAt,
    pid: process.pid,
    memory: process.memoryUsage.rss(),
    ssh,
    router: { http: `http://${settings['router-http-host']}:${settings['router-http-port']}` },
    engine: await engine.info().then(
      ({ version, platform }) => ({ version, platform }),
      () => null,
    ),
  })
  const commands = commandHandler({
    settings,
    paths,
    store,
    pipeline,
    deployer,
    urls,
    daemon: { info },
    places,
    scratch,
    parsePublicKey,
    keysChanged: () => publishKeys(settings['ssh-authorized-keys'], store.keys),
    checkLogin: (...login) => checkLogin(engine, ...login),
    onFault: (error) =>
      log.error(
        { problem: messageOf(error), stack: error instanceof Error ? error.stack : '' },
        'a command failed',
      ),
  })
  const handle = sessionHandler(git, commands)

  const { server: sshServer, address } = await startSsh({ settings, paths, keys: store.keys, handle, log })
  started.defer(() => sshServer.close(1_000))
  const control = new ControlServer({ paths, handle, log })
  await control.listen()
  started.defer(() => control.close(1_000))
  const watching = router.start(stop.signal).then(
    () => watch(instance, recovery, stop.signal, log),
    (error: unknown) => {
      log.error({ problem: messageOf(error) }, 'the router did not start')
      return watch(instance, recovery, stop.signal, log)
    },
  )
  const watchingEngine = watchEngine(engine, recovery, stop.signal, log)
  started.defer(async () => {
    stop.abort(failure('shutting-down', {}))
    await Promise.all([watching, watchingEngine])
  })

  log.info({ version, root: settings.root, ssh: address, pid: process.pid }, 'crew serves')
  const stack = started.move()
  return { ssh: address, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

/**
 * Stops what an instance runs without its daemon: containers and the router. What should run stays as the
 * store says, so the next start brings it back.
 * @throws already-running while the daemon runs
 */
export async function teardown(settings: Settings, log: Log, signal: AbortSignal): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const { lock, store, router, deployer } = openInstance(settings, log)
  stack.use(lock)
  stack.use(store)
  stack.use(deployer)
  await router.stop(signal)
  await deployer.halt(signal).catch((error: unknown) => {
    // an engine that is down runs no container
    if (!isFailure(error, 'engine-unreachable')) throw error
  })
}
