// The builder on a real engine, from real git objects, with each of the two builders an engine may have.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { BuildPlaces } from '../../src/builder/build-places.ts'
import { Builder } from '../../src/builder/builder.ts'
import { MachineCheck } from '../../src/builder/machine-check.ts'
import { Scratch } from '../../src/builder/scratch/scratch.ts'
import { Uploads } from '../../src/builder/uploads.ts'
import { pathsOf } from '../../src/config/paths.ts'
import { loadSettings } from '../../src/config/settings.ts'
import { type App, parseAppName } from '../../src/core/app.ts'
import { type CrewError, isFailure } from '../../src/core/errors.ts'
import { noLog } from '../../src/core/log.ts'
import { reportTo } from '../../src/core/report.ts'
import { findImage, listImages } from '../../src/host/docker/images.ts'
import { labels } from '../../src/host/docker/labels.ts'
import { freePort } from '../../src/host/net/free-port.ts'
import { Store } from '../../src/host/store/store.ts'
import { BASE_IMAGE, ensureBaseImage, testEngine } from './harness/engine.ts'
import { PrivateEngine } from './harness/private-engine.ts'

const instance = `t${randomBytes(4).toString('hex')}`
const folder = mkdtempSync(join(tmpdir(), 'crew-builder-'))
const engine = testEngine()
/** Begins a step that the engine cannot have in its cache from an earlier run of the tests. */
const fresh = `: ${instance};`
const app: App = { id: 7, name: parseAppName('shop'), createdAt: '', stopped: false, live: null }
const git = (repository: string, ...args: string[]) =>
  execFileSync('git', ['-C', repository, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
    encoding: 'utf8',
    env: { ...process.env, GIT_ALLOW_PROTOCOL: 'git:file' },
  }).trim()

let repositories = 0
/** A repository with one commit of these files; a value beginning with `->` is a symbolic link. */
function commitOf(files: Record<string, string>, change?: (repository: string) => void) {
  const repository = join(folder, `repository-${++repositories}`)
  mkdirSync(repository)
  git(repository, 'init', '-q')
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(repository, path)), { recursive: true })
    if (content.startsWith('->')) symlinkSync(content.slice(2), join(repository, path))
    else writeFileSync(join(repository, path), content)
  }
  change?.(repository)
  git(repository, 'add', '-A')
  git(repository, 'commit', '-q', '--allow-empty', '-m', 'x')
  return repository
}

let releases = 0
interface Options {
  settings?: Record<string, string>
  builder?: Builder
  signal?: AbortSignal
  onLine?: (text: string) => void
  dockerfile?: string
  buildArgs?: Record<string, string>
}

/** What these tests know of bases: nothing is published, and no library says how anything is made. */
const NO_LIBRARY = { 'scratch-library': 'none' }
const store = new Store(join(folder, 'crew.db'))

const builderWith = (flags: Record<string, string>, on = engine) => {
  const root = join(folder, 'root')
  const settings = loadSettings({ flags: { root, ...NO_LIBRARY, ...flags }, file: '' })
  const paths = pathsOf(root)
  const machine = new MachineCheck()
  const uploads = new Uploads()
  const places = new BuildPlaces(on, settings, paths)
  const access = () => ({ credentials: undefined, insecure: [] })
  const onUpload = uploads.add.bind(uploads)
  const scratch = async () => new Scratch({ settings, paths, store, access, machine, onUpload, log: noLog })
  return new Builder({ engine: on, settings, paths, instance, places, machine, uploads, scratch })
}

async function build(kind: string, repository: string, options: Options = {}) {
  const lines: string[] = []
  const report = reportTo((text) => {
    lines.push(text.trim())
    options.onLine?.(text)
  })
  const release = ++releases
  const builder = options.builder ?? builderWith({ builder: kind, ...options.settings })
  const parts = await builder.build(
    {
      app,
      release,
      objects: { repository: join(repository, '.git'), quarantine: {} },
      commit: git(repository, 'rev-parse', 'HEAD'),
      dockerfile: options.dockerfile ?? 'Dockerfile',
      buildArgs: options.buildArgs ?? {},
      platform: undefined,
      host: undefined,
      scratch: 'auto',
      substitutes: true,
    },
    report,
    options.signal ?? new AbortController().signal,
  )
  return { ...parts, release, lines, output: lines.join('\n') }
}

async function failureOf(promise: Promise<unknown>): Promise<CrewError> {
  const error = await promise.then(
    () => assert.fail('it was built'),
    (error: unknown) => error,
  )
  if (!isFailure(error)) throw error
  return error
}

/** Containers of builds have no label; their command tells whose they are. */
async function containersRunning(command: string): Promise<number> {
  const { stdout } = await new Promise<{ stdout: string }>((resolve) => {
    const child = spawn('ps', ['-eo', 'args'])
    let stdout = ''
    child.stdout.on('data', (text) => {
      stdout += text
    })
    child.on('close', () => resolve({ stdout }))
  })
  return stdout.split('\n').filter((line) => line.includes(command)).length
}

async function until(what: string, done: () => Promise<boolean> | boolean, seconds = 15): Promise<void> {
  for (const end = Date.now() + seconds * 1000; !(await done()); await sleep(100))
    assert.ok(Date.now() < end, `${what} did not come about`)
}

/** Odd, so that nobody else's context has this size. */
const LARGE = 200 * 2 ** 20 + 4096 + Math.floor(Math.random() * 4096)
async function largeCacheRecords(): Promise<number> {
  const { BuildCache }: { BuildCache: { Size: number }[] } = await engine.docker.df()
  return BuildCache.filter(({ Size }) => Size >= LARGE && Size < LARGE + 4096).length
}

const ours = () => listImages(engine, { label: [`${labels.instance}=${instance}`] })

before(() => ensureBaseImage(engine))
after(async () => {
  await builderWith({}).removeAll(app)
  store[Symbol.dispose]()
  rmSync(folder, { recursive: true, force: true })
})

for (const kind of ['buildkit', 'classic']) {
  describe(`the builder with ${kind}`, () => {
    test('sends modes, links, odd names and empty files as they were committed', async () => {
      const repository = commitOf(
        {
          Dockerfile: `FROM ${BASE_IMAGE}\nCOPY . /src\nRUN ${fresh} cd /src && ls -l run && readlink link && readlink far && cat 'd/ü x' && wc -c empty && stat -c %Y run\nCMD ["x"]\n`,
          run: 'x',
          link: '->d/../run',
          far: '->/etc/passwd',
          'd/ü x': 'odd name\n',
          empty: '',
          [`${'long-'.repeat(25)}/${'name-'.repeat(25)}`]: 'x',
        },
        (repository) => chmodSync(join(repository, 'run'), 0o755),
      )
      const { output, processes, port } = await build(kind, repository)
      assert.match(output, /-rwxr-xr-x +1 0 +0/)
      assert.match(output, /^d\/\.\.\/run$/m)
      assert.match(output, /^\/etc\/passwd$/m)
      assert.match(output, /odd name/)
      assert.match(output, /^0 empty$/m)
      assert.ok(
        output.includes(git(repository, 'show', '-s', '--format=%ct', 'HEAD')),
        'the time of the commit',
      )
      assert.deepEqual({ processes, port }, { processes: [{ type: 'worker', command: null }], port: null })
    })

    test('labels and tags the image with app, release and commit', async () => {
      const repository = commitOf({
        Dockerfile: `FROM ${BASE_IMAGE}\nEXPOSE 9000/udp 8080 3000\nCMD ["x"]\n`,
        Procfile: 'web: ./start\nmail: ./mail\n',
      })
      const { image, release, processes, port } = await build(kind, repository)
      const found = await findImage(engine, `crew-${instance}/shop:r${release}`)
      assert.equal(found?.id, image)
      assert.equal(found?.labels[labels.instance], instance)
      assert.equal(found?.labels[labels.appId], '7')
      assert.equal(found?.labels[labels.release], String(release))
      assert.equal(found?.labels[labels.commit], git(repository, 'rev-parse', 'HEAD'))
      assert.deepEqual(
        processes.map(({ type }) => type),
        ['web', 'mail'],
      )
      assert.equal(port, 3000)
    })

    test('finds its layers again in the next push, also when a stage came before', async () => {
      const unique = randomBytes(4).toString('hex')
      const repository = commitOf({
        Dockerfile: `FROM ${BASE_IMAGE} AS one\nCOPY a /a\nRUN echo ${unique}\nFROM ${BASE_IMAGE}\nCOPY --from=one /a /a\nCOPY b /b\nCMD ["x"]\n`,
        a: 'a',
        b: 'b',
      })
      await build(kind, repository)
      writeFileSync(join(repository, 'b'), 'changed')
      git(repository, 'commit', '-qam', 'y')
      const { output, lines } = await build(kind, repository)
      assert.match(output, /CACHED|Using cache/)
      assert.ok(!lines.includes(unique), 'the step did not run again')
    })

    test('passes build arguments, also into FROM', async () => {
      const [name = '', tag = ''] = BASE_IMAGE.split(':')
      const repository = commitOf({
        Dockerfile: `ARG TAG=none\nFROM ${name}:\${TAG}\nARG WORD\nRUN ${fresh} echo "word: $WORD"\nCMD ["x"]\n`,
      })
      const { output } = await build(kind, repository, { buildArgs: { TAG: tag, WORD: 'hello' } })
      assert.match(output, /^word: hello$/m)
    })

    test('honours .dockerignore with exceptions, and one beside a Dockerfile elsewhere', async () => {
      const files = {
        'docker/Dockerfile': `FROM ${BASE_IMAGE}\nCOPY . /src\nRUN ${fresh} cd /src && find . -type f | sort | tr '\\n' ' '; echo\nCMD ["x"]\n`,
        '.dockerignore': '*\n!src\nsrc/**/*.log\n!src/keep.log\n',
        'src/a': '1',
        'src/deep/b.log': '1',
        'src/keep.log': '1',
        'other/c': '1',
      }
      const dockerfile = 'docker/Dockerfile'
      const { output } = await build(kind, commitOf(files), { dockerfile })
      assert.match(output, /\.\/src\/a \.\/src\/keep\.log/)
      assert.doesNotMatch(output, /b\.log|other/)
      const beside = { ...files, 'docker/Dockerfile.dockerignore': 'src\n' }
      const second = await build(kind, commitOf(beside), { dockerfile })
      assert.match(second.output, /\.\/other\/c/)
      assert.doesNotMatch(second.output, /src\/a/)
    })

    test('tells the failing step and its exit code, and leaves no image', async () => {
      const repository = commitOf({ Dockerfile: `FROM ${BASE_IMAGE}\nRUN echo before; exit 7\n` })
      const error = await failureOf(build(kind, repository))
      assert.equal(error.code, 'build-failed')
      assert.match(error.message, /exit code 7 at ".*RUN echo before; exit 7"/)
      assert.equal(await findImage(engine, `crew-${instance}/shop:r${releases}`), undefined)
    })

    test('names a command that was killed', async () => {
      const repository = commitOf({ Dockerfile: `FROM ${BASE_IMAGE}\nRUN exit 137\n` })
      assert.match((await failureOf(build(kind, repository))).message, /for want of memory/)
    })

    test('names a full disk', async () => {
      const repository = commitOf({
        Dockerfile: `FROM ${BASE_IMAGE}\nRUN echo x > /dev/full\n`,
      })
      const error = await failureOf(build(kind, repository))
      assert.match(error.message, /the disk is full/)
    })

    test('stops a build that takes too long, and its container', async () => {
      const seconds = 3600 + Math.floor(Math.random() * 1000)
      const repository = commitOf({ Dockerfile: `FROM ${BASE_IMAGE}\nRUN sleep ${seconds}\n` })
      const error = await failureOf(build(kind, repository, { settings: { 'build-timeout': '3s' } }))
      assert.equal(error.code, 'build-timeout')
      await until('the end of its container', async () => (await containersRunning(`sleep ${seconds}`)) === 0)
    })

    test('stops when it is called off', async () => {
      const seconds = 4700 + Math.floor(Math.random() * 1000)
      const repository = commitOf({ Dockerfile: `FROM ${BASE_IMAGE}\nRUN echo begun; sleep ${seconds}\n` })
      const off = new AbortController()
      const onLine = (text: string) => {
        if (text.trim() === 'begun') off.abort()
      }
      const error = await failureOf(build(kind, repository, { signal: off.signal, onLine }))
      assert.equal(error.code, 'canceled')
      await until('the end of its container', async () => (await containersRunning(`sleep ${seconds}`)) === 0)
    })

    test('names a base image that is nowhere, and what to do', async () => {
      const repository = commitOf({ Dockerfile: 'FROM localhost:1/crew-test/nowhere:9\n' })
      const error = await failureOf(build(kind, repository))
      assert.equal(error.code, 'base-missing')
      assert.match(error.message, /localhost:1\/crew-test\/nowhere:9/)
      assert.match(error.hint, /docker load/)
    })

    test('tells the line of a Dockerfile that the engine cannot read', async () => {
      const repository = commitOf({ Dockerfile: `FROM ${BASE_IMAGE}\n\nFOO bar\n` })
      const error = await failureOf(build(kind, repository))
      assert.equal(error.code, 'dockerfile-invalid')
      assert.match(error.message, /Dockerfile: line 3: unknown instruction: FOO/)
    })

    test('refuses an image that nothing says how to run, and removes it', async () => {
      const error = await failureOf(build(kind, commitOf({ Dockerfile: `FROM ${BASE_IMAGE}\nRUN true\n` })))
      assert.equal(error.code, 'command-missing')
      assert.equal(await findImage(engine, `crew-${instance}/shop:r${releases}`), undefined)
    })
  })
}

describe('the builder', () => {
  test('says so when there is no Dockerfile, or one that leads out of the tree', async () => {
    assert.equal((await failureOf(build('auto', commitOf({ a: 'a' })))).code, 'dockerfile-missing')
    const linked = commitOf({ Dockerfile: '->/etc/passwd', etc: '->../../../etc' })
    assert.equal((await failureOf(build('auto', linked))).code, 'dockerfile-missing')
  })

  test('follows a Dockerfile that is a link within the tree', async () => {
    const repository = commitOf({
      Dockerfile: '->docker/real',
      'docker/real': `FROM ${BASE_IMAGE}\nCMD ["x"]\n`,
      '.dockerignore': 'docker\n',
    })
    for (const kind of ['buildkit', 'classic'])
      assert.match((await build(kind, repository)).image, /^sha256:/)
  })

  test('refuses a commit without files', async () => {
    assert.equal((await failureOf(build('auto', commitOf({})))).code, 'push-empty')
  })

  test('refuses a disk with too little room', async () => {
    const repository = commitOf({ Dockerfile: `FROM ${BASE_IMAGE}\n` })
    const error = await failureOf(build('auto', repository, { settings: { 'disk-min-free': '900t' } }))
    assert.equal(error.code, 'disk-low')
    assert.match(error.message, /free on \//)
  })

  test('refuses a file name that is not UTF-8, unless it is ignored', async () => {
    const files = { Dockerfile: `FROM ${BASE_IMAGE}\nCOPY . /src\nCMD ["x"]\n` }
    const odd = (repository: string) =>
      writeFileSync(Buffer.concat([Buffer.from(`${repository}/caf`), Buffer.from([0xe9])]), 'x')
    const error = await failureOf(build('auto', commitOf(files, odd)))
    assert.match(error.message, /not UTF-8/)
    await build('auto', commitOf({ ...files, '.dockerignore': 'caf*\n' }, odd))
  })

  test('builds submodules at their pinned commit, nested ones too, and leaves nothing of them', async () => {
    const port = await freePort()
    const url = (repository: string) => `git://127.0.0.1:${port}/${repository.slice(folder.length + 1)}/.git`
    const gitmodules = (path: string, url: string) => `[submodule "x"]\n\tpath = ${path}\n\turl = ${url}\n`
    const link = (repository: string, path: string, commit: string) =>
      git(repository, 'update-index', '--add', '--cacheinfo', `160000,${commit},${path}`)
    const inner = commitOf({ i: 'inner\n' })
    const outer = commitOf({ o: 'outer\n', '.gitmodules': gitmodules('deep', url(inner)) })
    link(outer, 'deep', git(inner, 'rev-parse', 'HEAD'))
    git(outer, 'commit', '-qm', 'link')
    const pinned = git(outer, 'rev-parse', 'HEAD')
    writeFileSync(join(outer, 'o'), 'later')
    git(outer, 'commit', '-qm', 'later', 'o')
    const make = (url: string) => {
      const repository = commitOf({
        Dockerfile: `FROM ${BASE_IMAGE}\nCOPY . /s\nRUN ${fresh} cat /s/lib/o /s/lib/deep/i\nCMD ["x"]\n`,
        '.gitmodules': gitmodules('lib', url),
      })
      link(repository, 'lib', pinned)
      git(repository, 'commit', '-qm', 'link')
      return repository
    }
    const daemon = spawn(
      'git',
      [
        'daemon',
        '--reuseaddr',
        '--export-all',
        '--listen=127.0.0.1',
        `--port=${port}`,
        `--base-path=${folder}`,
      ],
      { stdio: 'ignore', detached: true },
    )
    try {
      await until('the git daemon', () => answers(port))
      const { output } = await build('auto', make(url(outer)))
      assert.match(output, /^outer$/m)
      assert.match(output, /^inner$/m)
      for (const bad of ['../relative', outer, `file://${outer}`, 'ext::sh -c id', '--upload-pack=id']) {
        const error = await failureOf(build('auto', make(bad)))
        assert.equal(error.code, 'submodule-failed', bad)
        assert.match(error.message, /submodule lib/)
      }
      const gone = await failureOf(build('auto', make(`git://127.0.0.1:${port}/nowhere`)))
      assert.equal(gone.code, 'submodule-failed')
    } finally {
      if (daemon.pid !== undefined) process.kill(-daemon.pid, 'SIGTERM')
    }
    const work = pathsOf(join(folder, 'root')).work
    assert.deepEqual(existsSync(work) ? readdirSync(work) : [], [])
  })

  test('ends in time when the engine does not answer', async () => {
    const at = join(folder, 'engine')
    await using stuck = await PrivateEngine.start(at)
    const pid = Number(readFileSync(join(at, 'pid'), 'utf8'))
    const repository = commitOf({ Dockerfile: `FROM ${BASE_IMAGE}\nCMD ["x"]\n` })
    const builder = builderWith({ 'build-timeout': '2s' }, stuck.engine)
    process.kill(pid, 'SIGSTOP')
    try {
      const began = performance.now()
      const { code } = await failureOf(build('auto', repository, { builder }))
      assert.equal(code, 'engine-unreachable')
      assert.ok(performance.now() - began < 20_000)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
  })

  test('removes the work of a daemon that was killed', async () => {
    const { work } = pathsOf(join(folder, 'root'))
    mkdirSync(join(work, 'submodules-abc', 'objects'), { recursive: true })
    await builderWith({}).removeStaleWork()
    assert.deepEqual(readdirSync(work), [])
  })

  test('streams a large file without holding it, and leaves no copy in the build cache', async () => {
    const repository = commitOf(
      { Dockerfile: `FROM ${BASE_IMAGE}\nCOPY Dockerfile /\nCMD ["x"]\n` },
      (repository) => writeFileSync(join(repository, 'big'), randomBytes(LARGE)),
    )
    const before = process.memoryUsage.rss()
    let most = before
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss())
    }, 20)
    const builder = builderWith({ builder: 'buildkit' })
    await build('buildkit', repository, { builder })
    clearInterval(watch)
    assert.ok((await largeCacheRecords()) > 0)
    await builder.retain(app, new Set())
    assert.equal(await largeCacheRecords(), 0, "BuildKit's copies of the context are gone")
    assert.ok(most - before < 120 * 2 ** 20, `it grew by ${Math.round((most - before) / 2 ** 20)} MiB`)
  })

  test('removes images of old releases, and only its own', async () => {
    const builder = builderWith({})
    const repository = commitOf({ Dockerfile: `FROM ${BASE_IMAGE}\nCMD ["x"]\n` })
    const first = await build('auto', repository)
    const second = await build('auto', repository)
    const used = await build('auto', repository)
    const container = await engine.docker.createContainer({ Image: used.image, Cmd: ['true'] })
    const committed: { Id: string } = await container.commit()
    const foreign = `crew-test-foreign-${instance}`
    await engine.docker.getImage(first.image).tag({ repo: foreign, tag: '1' })
    try {
      await builder.retain(app, new Set([second.image]))
      const left = (await ours()).map(({ id }) => id).sort()
      assert.deepEqual(left, [first.image, second.image, used.image, committed.Id].sort())
      assert.deepEqual((await findImage(engine, first.image))?.tags, [`${foreign}:1`])
    } finally {
      await container.remove({ force: true })
      await engine.docker.getImage(`${foreign}:1`).remove()
    }
    await builder.removeAll(app)
    assert.deepEqual(
      (await ours()).map(({ id }) => id),
      [committed.Id],
      'what somebody committed from a container of ours is theirs, though it has our labels and no tag',
    )
    await engine.docker.getImage(committed.Id).remove()
    assert.deepEqual(await listImages(engine, { reference: [`crew-${instance}/*`] }), [])
    assert.ok(await findImage(engine, BASE_IMAGE), 'what is not ours stays')
  })
})

async function answers(port: number): Promise<boolean> {
  const { connect } = await import('node:net')
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.on('error', () => resolve(false)).on('connect', () => socket.destroy())
  })
}
