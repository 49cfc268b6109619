// The deployer against a real engine and a real HAProxy: releases come up, swap, scale, stop, and come back.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathsOf } from '../../src/config/paths.ts'
import { loadSettings, type Settings } from '../../src/config/settings.ts'
import { type AppName, type ProcessType, parseAppName } from '../../src/core/app.ts'
import { isFailure } from '../../src/core/errors.ts'
import { noLog } from '../../src/core/log.ts'
import { type Report, reportTo, silent } from '../../src/core/report.ts'
import { Deployer } from '../../src/deployer/deployer.ts'
import { urlsOf } from '../../src/deployer/routes.ts'
import { Engine } from '../../src/host/docker/engine.ts'
import { labels } from '../../src/host/docker/labels.ts'
import { networkName, removeNetwork } from '../../src/host/docker/network.ts'
import { freePort } from '../../src/host/net/free-port.ts'
import { Router } from '../../src/host/router/router.ts'
import { Store } from '../../src/host/store/store.ts'
import { BASE_IMAGE, ensureBaseImage, testEngine } from './harness/engine.ts'
import { eventually } from './harness/execute.ts'

const never = new AbortController().signal

const answering = (page: string): string =>
  `mkdir -p /tmp/www && echo ${page} > /tmp/www/index.html && exec httpd -f -p $PORT -h /tmp/www`

/** A deployer of its own over the shared engine, with its store and router in a folder that goes with it. */
class Bench implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'crew-deployer-'))
  readonly engine: Engine = testEngine()
  readonly settings: Settings
  readonly store: Store
  readonly router: Router
  readonly image: string
  deployer: Deployer
  output = ''
  readonly report: Report = reportTo((text) => {
    this.output += text
  })

  private constructor(httpPort: number, image: string) {
    this.image = image
    const first = 24_000 + Math.floor(Math.random() * 150) * 50
    this.settings = loadSettings({
      flags: {
        root: this.folder,
        'router-http-host': '127.0.0.1',
        'router-http-port': String(httpPort),
        'router-port-range': `${first}-${first + 49}`,
        'check-attempts': '4',
        'check-wait': '300ms',
        'check-uptime': '500ms',
        'stop-timeout': '1s',
        'drain-timeout': '500ms',
      },
      file: '',
    })
    const paths = pathsOf(this.folder)
    mkdirSync(paths.router, { recursive: true })
    this.store = new Store(paths.database)
    this.router = new Router({ settings: this.settings, paths, log: noLog })
    this.deployer = this.#daemon()
  }

  static async open(): Promise<Bench> {
    const bench = new Bench(await freePort(), '')
    await ensureBaseImage(bench.engine)
    const { Id } = await bench.engine.docker.getImage(BASE_IMAGE).inspect()
    Object.assign(bench, { image: Id })
    await bench.router.start(never)
    return bench
  }

  #daemon(): Deployer {
    const { engine, store, router, settings } = this
    return new Deployer({ engine, store, router, settings, log: noLog })
  }

  /** A new deployer over the same state, as after a crash of the daemon. */
  async crash(): Promise<void> {
    await this.deployer[Symbol.asyncDispose]()
    this.deployer = this.#daemon()
  }

  app(name: string, properties: Record<string, string> = {}): AppName {
    const app = parseAppName(name)
    this.store.apps.create(app)
    this.store.properties.change(app, properties)
    return app
  }

  /** A built release. @returns its number */
  release(
    app: AppName,
    commands: Record<string, string | null>,
    more: { port?: number | null; image?: string; config?: Record<string, string> } = {},
  ): number {
    const processes: ProcessType[] = Object.entries(commands).map(([type, command]) => ({ type, command }))
    const { number } = this.store.releases.create(app, {
      cause: 'push',
      commit: 'c'.repeat(40),
      config: more.config ?? {},
      who: 'test',
    })
    const { image = this.image, port = 5000 } = more
    this.store.releases.built(app, number, { image, processes, port })
    return number
  }

  deploy(app: AppName, commands: Record<string, string | null>, more?: Parameters<Bench['release']>[2]) {
    return this.deployer.deploy(app, this.release(app, commands, more), this.report, never)
  }

  /** What the router answers for a host name: the page, or the status when it is not 200. */
  page(host: string, port: number = this.settings['router-http-port']): Promise<string | number> {
    return new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port, headers: { host }, agent: false, timeout: 5000 }, (answer) => {
        let body = ''
        answer.setEncoding('utf8')
        answer.on('data', (text) => {
          body += text
        })
        answer.on('end', () => resolve(answer.statusCode === 200 ? body.trim() : (answer.statusCode ?? 0)))
      })
        .on('error', reject)
        .end()
    })
  }

  /** Every container of this instance, in any state. */
  containers() {
    const filters = { label: [`${labels.instance}=${this.store.instance}`] }
    return this.engine.docker.listContainers({ all: true, filters })
  }

  async names(app: AppName): Promise<string[]> {
    return (await this.deployer.status(app)).map(({ name, deployment }) => `${name}@${deployment}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.deployer[Symbol.asyncDispose]()
    for (const { Id } of await this.containers())
      await this.engine.docker.getContainer(Id).remove({ force: true, v: true })
    await removeNetwork(this.engine, this.store.instance)
    await this.router.stop(AbortSignal.timeout(10_000))
    this.store[Symbol.dispose]()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

describe('the deployer', { timeout: 180_000 }, () => {
  let bench: Bench
  before(async () => {
    bench = await Bench.open()
  })
  after(async () => {
    await bench.deployer.settled()
    const { instance } = bench.store
    await bench[Symbol.asyncDispose]()
    assert.deepEqual(await bench.containers(), [], 'a test left containers')
    const networks = await bench.engine.docker.listNetworks({ filters: { name: [networkName(instance)] } })
    assert.deepEqual(networks, [], 'a test left its network')
  })

  test('brings a web app live on its domain and on a port of its own', async () => {
    const app = bench.app('hello')
    await bench.deploy(app, { web: answering('one') })
    assert.equal(await bench.page('hello.localhost'), 'one')
    const [mapping] = bench.store.routes.ports(app)
    assert.ok(mapping)
    assert.equal(await bench.page('anything', mapping.hostPort), 'one')
    const http = bench.settings['router-http-port']
    assert.deepEqual(urlsOf(bench.store, bench.settings)(bench.store.apps.get(app)), [
      `http://hello.localhost:${http}`,
      `http://localhost:${mapping.hostPort}`,
    ])
  })

  test('gives a container limits, bounded logs, an init, and the configuration in its environment only', async () => {
    const app = bench.app('limits', { 'resource.memory': '64m', 'resource.cpu': '0.5' })
    await bench.deploy(app, { web: answering('limits') }, { config: { SECRET: 'a b\n"c"', PORT: '1' } })
    const [status] = await bench.deployer.status(app)
    const info = await bench.engine.docker.getContainer(status?.container.id ?? '').inspect()
    assert.equal(info.HostConfig.Memory, 64 * 2 ** 20)
    assert.equal(info.HostConfig.NanoCpus, 5e8)
    assert.equal(info.HostConfig.RestartPolicy?.Name, 'unless-stopped')
    assert.deepEqual(info.HostConfig.SecurityOpt, ['no-new-privileges'])
    assert.deepEqual(info.HostConfig.LogConfig?.Config, { 'max-file': '3', 'max-size': String(10 * 2 ** 20) })
    assert.ok(info.Config.Env.includes('SECRET=a b\n"c"'))
    assert.ok(info.Config.Env.includes('PORT=5000'))
    assert.ok(!info.Config.Env.includes('PORT=1'))
    assert.ok(!JSON.stringify(info.Config.Cmd).includes('a b'))
  })

  test('swaps without a failed request, and removes what ran before', async () => {
    const app = bench.app('swap')
    await bench.deploy(app, { web: answering('one') })
    const stop = new AbortController()
    const answers = new Map<string | number, number>()
    const load = (async () => {
      while (!stop.signal.aborted) {
        const page = await bench.page('swap.localhost')
        answers.set(page, (answers.get(page) ?? 0) + 1)
      }
    })()
    await bench.deploy(app, { web: answering('two') })
    await bench.deployer.settled()
    stop.abort()
    await load
    assert.deepEqual([...answers.keys()], ['one', 'two'])
    assert.deepEqual(await bench.names(app), ['web.1@2'])
    assert.equal(bench.store.releases.get(app, 1).state, 'superseded')
    assert.deepEqual(bench.store.apps.get(app).live, { release: 2, deployment: 2 })
  })

  for (const [name, command, problem, hint] of [
    ['ends at once', 'echo I cannot go on >&2; exit 3', /web\.1 .*ended with exit status 3/, /last lines/],
    ['has no such program', 'no-such-program --flag', /web\.1|no-such-program/, /./],
    ['listens on another port', 'exec httpd -f -p 8181', /port 5000 .*listens on 8181/, /EXPOSE 8181/],
    ['listens on 127.0.0.1', 'exec httpd -f -p 127.0.0.1:$PORT', /from inside the container/, /0\.0\.0\.0/],
    ['never listens', 'echo I cannot go on; exec sleep 100', /port 5000 .*nor on any other/, /\$PORT/],
  ] as const) {
    test(`an app that ${name} is refused, and the old release stays`, async () => {
      const app = bench.app(`bad-${name.replaceAll(/[ .]/g, '-')}`)
      await bench.deploy(app, { web: answering('old') })
      bench.output = ''
      const deploying = bench.deploy(app, { web: command })
      await assert.rejects(deploying, (error) => {
        assert.ok(isFailure(error), String(error))
        assert.match(error.message, problem)
        if (isFailure(error, 'deploy-unhealthy')) assert.match(error.hint, hint)
        return true
      })
      if (command.includes('I cannot go on'))
        assert.match(bench.output, /Last lines of web\.1:\n {7}I cannot go on/)
      assert.equal(await bench.page(`${app}.localhost`), 'old')
      assert.deepEqual(await bench.names(app), ['web.1@1'])
    })
  }

  test('an app that is ended for want of memory is told so, with its limit', async () => {
    const app = bench.app('hungry', { 'resource.memory': '16m' })
    const command = 'x=aaaaaaaaaaaaaaaa; while true; do x=$x$x; done'
    await assert.rejects(bench.deploy(app, { web: command }), /want of memory.*16\.0 MiB/)
    assert.deepEqual(await bench.names(app), [])
  })

  test("waits for the image's HEALTHCHECK without waiting for Docker's interval", async () => {
    const made = await bench.engine.docker.createContainer({ Image: BASE_IMAGE, Cmd: ['true'] })
    const tag = `healthy-${bench.store.instance}`
    await made.commit({
      repo: 'crew-test/deployer',
      tag,
      changes: 'HEALTHCHECK --interval=30s CMD test -e /tmp/ready',
    })
    await made.remove()
    const { Id: image } = await bench.engine.docker.getImage(`crew-test/deployer:${tag}`).inspect()
    try {
      const app = bench.app('checked')
      const web = (touch: string) => `sleep 0.3; ${touch}; ${answering('checked')}`
      const began = performance.now()
      await bench.deploy(app, { web: web('touch /tmp/ready'), other: 'sleep 100' }, { image })
      assert.ok(performance.now() - began < 10_000)
      await assert.rejects(
        bench.deploy(app, { web: web('true') }, { image }),
        /web\.1 .*HEALTHCHECK has not succeeded/,
      )
      assert.equal(await bench.page('checked.localhost'), 'checked')
      // the other process types of the image are not asked what only web can answer
      await bench.deployer.scale(app, { other: 1 }, silent, never)
      assert.deepEqual(await bench.names(app), ['other.1@1', 'web.1@1'])
      await bench.deployer.stop(app, silent, never)
    } finally {
      await bench.deployer.settled()
      await bench.engine.docker.getImage(`crew-test/deployer:${tag}`).remove({ force: true })
    }
  })

  test('a worker is live when it has stayed up, and has no URL', async () => {
    const app = bench.app('worker')
    await bench.deploy(app, { worker: 'sleep 1000' }, { port: null })
    assert.deepEqual(await bench.names(app), [], 'a Procfile worker has no container until it is scaled')
    await bench.deployer.scale(app, { worker: 1 }, bench.report, never)
    assert.deepEqual(await bench.names(app), ['worker.1@1'])
    assert.deepEqual(urlsOf(bench.store, bench.settings)(bench.store.apps.get(app)), [])
  })

  test('a deploy that is called off leaves the old release and nothing else', async () => {
    const app = bench.app('called-off')
    await bench.deploy(app, { web: answering('old') })
    const stop = new AbortController()
    const release = bench.release(app, { web: 'sleep 1000' })
    const deploying = bench.deployer.deploy(app, release, silent, stop.signal)
    await eventually('the new container', async () => (await bench.names(app)).length === 2)
    stop.abort()
    await assert.rejects(deploying, (error) => isFailure(error, 'canceled'))
    assert.deepEqual(await bench.names(app), ['web.1@1'])
    assert.equal(await bench.page('called-off.localhost'), 'old')
  })

  test('scaling starts and stops only what differs', async () => {
    const app = bench.app('scaled')
    await bench.deploy(app, { web: answering('scaled'), worker: 'sleep 1000' })
    const id = async (name: string) =>
      (await bench.deployer.status(app)).find((status) => status.name === name)?.container.id
    const first = await id('web.1')
    await bench.deployer.scale(app, { web: 3, worker: 1 }, bench.report, never)
    assert.deepEqual(await bench.names(app), ['web.1@1', 'web.2@1', 'web.3@1', 'worker.1@1'])
    await bench.deployer.scale(app, { web: 1 }, bench.report, never)
    await bench.deployer.settled()
    assert.deepEqual(await bench.names(app), ['web.1@1', 'worker.1@1'])
    assert.equal(await id('web.1'), first)
    await bench.deployer.scale(app, { web: 0 }, bench.report, never)
    assert.equal(await bench.page('scaled.localhost'), 503)
    await assert.rejects(bench.deployer.scale(app, { clock: 1 }, silent, never), (error) =>
      isFailure(error, 'not-found'),
    )
    await assert.rejects(bench.deployer.scale(app, { web: 51 }, silent, never), (error) =>
      isFailure(error, 'value-invalid'),
    )
  })

  test('a scale whose containers are not healthy changes nothing', async () => {
    const app = bench.app('scale-fails')
    const once = `mkdir /tmp/x; ${answering('first')}`
    await bench.deploy(app, { web: once, worker: 'exit 4' })
    await assert.rejects(
      bench.deployer.scale(app, { web: 2, worker: 1 }, silent, never),
      /worker\.1 .*exit status 4/,
    )
    assert.deepEqual(await bench.names(app), ['web.1@1'])
    assert.deepEqual(bench.store.formation.all(app), {})
  })

  test('a restart makes new containers of the same release', async () => {
    const app = bench.app('restarted')
    await bench.deploy(app, { web: answering('again') })
    await bench.deployer.deploy(app, 1, bench.report, never)
    await bench.deployer.settled()
    assert.deepEqual(await bench.names(app), ['web.1@2'])
    assert.equal(await bench.page('restarted.localhost'), 'again')
    assert.equal(bench.store.releases.list(app).length, 1)
  })

  test('stopped, an app has no container and answers 503; started, it is back', async () => {
    const app = bench.app('stopped')
    await bench.deploy(app, { web: answering('here') })
    await bench.deployer.stop(app, bench.report, never)
    assert.deepEqual(await bench.names(app), [])
    assert.equal(await bench.page('stopped.localhost'), 503)
    await bench.deployer.reconcile(silent, never)
    assert.deepEqual(await bench.names(app), [], 'reconciling does not start what was stopped')
    await bench.deployer.start(app, bench.report, never)
    assert.equal(await bench.page('stopped.localhost'), 'here')
    assert.equal(bench.store.apps.get(app).stopped, false)
  })

  test('addresses stay when a container is restarted, so routes need no daemon', async () => {
    const app = bench.app('address')
    await bench.deploy(app, { web: answering('same place') })
    const [status] = await bench.deployer.status(app)
    assert.ok(status?.address)
    await bench.engine.docker.getContainer(status.container.id).restart({ t: 0 })
    await eventually('an answer', async () => (await bench.page('address.localhost')) === 'same place')
    assert.equal((await bench.deployer.status(app))[0]?.address, status.address)
  })

  test('apps deployed at the same time get addresses, ports and routes of their own', async () => {
    const apps = [1, 2, 3].map((n) => bench.app(`beside-${n}`))
    await Promise.all(apps.map((app) => bench.deploy(app, { web: answering(app) })))
    for (const app of apps) assert.equal(await bench.page(`${app}.localhost`), app)
    const ports = apps.flatMap((app) => bench.store.routes.ports(app).map(({ hostPort }) => hostPort))
    assert.equal(new Set(ports).size, 3)
  })

  test('a new daemon finds what should run, makes what is missing, and removes leftovers', async () => {
    const app = bench.app('recovered')
    const gone = bench.app('destroyed')
    await bench.deploy(app, { web: answering('recovered') })
    await bench.deploy(gone, { web: answering('destroyed') })
    await bench.deployer.scale(app, { web: 2 }, silent, never)
    const [one, two] = await bench.deployer.status(app)
    assert.ok(one && two)
    // a swap that died: containers of a deployment that never went live, a release in the middle
    bench.release(app, { web: answering('half') })
    const building = bench.store.releases.create(app, {
      cause: 'push',
      commit: 'd'.repeat(40),
      config: {},
      who: 'x',
    })
    const half = await bench.engine.docker.createContainer({
      Image: BASE_IMAGE,
      Cmd: ['sleep', '1000'],
      Labels: {
        ...(await bench.engine.docker.getContainer(one.container.id).inspect()).Config.Labels,
        [labels.deployment]: '99',
      },
    })
    await half.start()
    // what is not Crew's, though it was started from an image of Crew's
    const foreign = await bench.engine.docker.createContainer({
      Image: BASE_IMAGE,
      Cmd: ['sleep', '1000'],
      Labels: { [labels.instance]: bench.store.instance, [labels.appId]: '1' },
    })
    await bench.engine.docker.getContainer(one.container.id).remove({ force: true })
    await bench.engine.docker.getContainer(two.container.id).stop({ t: 0 })
    bench.store.apps.destroy(gone)

    await bench.crash()
    await bench.deployer.reconcile(bench.report, never)
    await bench.deployer.settled()

    assert.deepEqual(await bench.names(app), ['web.1@1', 'web.2@1'])
    assert.equal(
      (await bench.deployer.status(app))[1]?.container.id,
      two.container.id,
      'the stopped one was started',
    )
    assert.equal(await bench.page('recovered.localhost'), 'recovered')
    assert.equal(await bench.page('destroyed.localhost'), 404)
    assert.equal(bench.store.releases.get(app, 2).state, 'failed')
    assert.match(bench.store.releases.get(app, 2).note, /during the deploy/)
    assert.match(bench.store.releases.get(app, building.number).note, /during the build/)
    await assert.rejects(half.inspect())
    await foreign.remove({ force: true })
    const ids = (await bench.containers()).map(({ Id }) => Id).toSorted()
    await bench.deployer.reconcile(bench.report, never)
    assert.deepEqual(
      (await bench.containers()).map(({ Id }) => Id).toSorted(),
      ids,
      'twice is as good as once',
    )
  })

  test('destroying an app takes its containers and its route', async () => {
    const name = bench.app('removed')
    await bench.deploy(name, { web: answering('removed') })
    const app = bench.store.apps.get(name)
    bench.store.apps.destroy(name)
    await bench.deployer.remove(app, never)
    assert.equal((await bench.deployer.statuses()).has(app.id), false)
    const left = (await bench.containers()).filter(({ Labels }) => Labels[labels.appId] === String(app.id))
    assert.deepEqual(left, [])
    assert.equal(await bench.page('removed.localhost'), 404)
  })

  test('logs of all containers come merged, each line with its process', async () => {
    const app = bench.app('logged')
    await bench.deploy(app, {
      web: `echo web says 'hi'; ${answering('logged')}`,
      worker: 'echo worker; sleep 0.1; echo error >&2; exec sleep 1000',
    })
    await bench.deployer.scale(app, { worker: 1 }, silent, never)
    let text = ''
    await bench.deployer.logs(
      app,
      { follow: false, lines: 10 },
      (more) => {
        text += more
      },
      never,
    )
    const lines = text
      .trim()
      .split('\n')
      .map((line) => line.replace(/^\S+Z /, ''))
    assert.deepEqual(lines, ['app[web.1]: web says hi', 'app[worker.1]: worker', 'app[worker.1]: error'])
    await assert.rejects(
      bench.deployer.logs(app, { follow: false, lines: 10, process: 'clock' }, () => {}, never),
    )
  })

  test('logs that are followed go on over a restart of the app', async () => {
    const app = bench.app('followed')
    await bench.deploy(app, { web: `echo I am $HOSTNAME; ${answering('followed')}` })
    const stop = new AbortController()
    let text = ''
    const following = bench.deployer.logs(
      app,
      { follow: true, lines: 10, process: 'web' },
      (more) => {
        text += more
      },
      stop.signal,
    )
    await eventually('the first line', async () => /I am/.test(text))
    await bench.deployer.deploy(app, 1, silent, never)
    await eventually('the line after the restart', async () => text.match(/I am/g)?.length === 2)
    stop.abort()
    await assert.rejects(following, (error) => isFailure(error, 'canceled'))
  })

  test('an engine that does not answer is said to be unreachable, and routes stay', async () => {
    const { store, router, settings } = bench
    const engine = new Engine(`unix://${bench.folder}/no.sock`)
    await using deployer = new Deployer({ engine, store, router, settings, log: noLog })
    await assert.rejects(deployer.reconcile(silent, never), (error) => isFailure(error, 'engine-unreachable'))
    assert.equal(await bench.page('hello.localhost'), 'one')
  })

  test('halted, nothing of the instance is left on the engine; reconciled, all of it is back', async () => {
    await bench.deployer.settled()
    await bench.deployer.halt(never)
    assert.deepEqual(await bench.containers(), [])
    bench.output = ''
    await bench.deployer.reconcile(bench.report, never)
    assert.equal(bench.output, '')
    assert.equal(await bench.page('hello.localhost'), 'one')
  })
})
