// Root file systems made of Debian's packages (and of a repository in Alpine's form that the test makes), loaded into
// the engine and run there, for this machine's architecture and for others.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { loadSettings } from '../../src/config/settings.ts'
import { isFailure } from '../../src/core/errors.ts'
import { architectureOf, parsePlatform } from '../../src/core/platform.ts'
import { machineOf } from '../../src/host/docker/elf.ts'
import { hostPlatform } from '../../src/host/emulation/binfmt.ts'
import {
  type Ground,
  type GroundOptions,
  makeGround,
  removeStaleGrounds,
} from '../../src/host/ground/ground.ts'
import { FileServer, makeIndex, makeKey, makePackage, publish } from './harness/alpine-repository.ts'
import { testEngine } from './harness/engine.ts'
import { eventually, execute } from './harness/execute.ts'
import { ownMirror, suiteFor } from './harness/suites.ts'

const engine = testEngine()
const folder = mkdtempSync(join(tmpdir(), 'crew-ground-'))
const work = join(folder, 'work')
const DATE = '2026-06-01'
const SOURCES = join(import.meta.dirname, '../../src')
const host = hostPlatform()
/** A whole distribution set up under emulation takes its time when others are busy too. */
const EMULATED = { timeout: 300_000 }
let made = 0

after(() => rmSync(folder, { recursive: true, force: true }))

interface Asked {
  readonly flags?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  readonly work?: string
  readonly options?: Partial<GroundOptions>
}

/** Makes a ground. @returns it, its tag, and the lines that were reported */
async function make(
  ground: Omit<Ground, 'date'>,
  { flags = {}, signal, work: at = work, options = {} }: Asked = {},
) {
  const lines: string[] = []
  made += 1
  const tag = `crew-test/ground:${made}`
  const result = await makeGround(
    engine,
    { ...ground, date: DATE },
    {
      settings: loadSettings({ flags: { root: folder, ...flags }, file: '' }),
      paths: { work: at },
      tag,
      labels: { 'crew.test': 'ground' },
      report: { step: (text) => lines.push(text), line: (text) => lines.push(text) },
      signal: signal ?? new AbortController().signal,
      ...options,
    },
  )
  return { ...result, tag, lines }
}

/** Flags by which a ground comes from a suite that is whole on this machine's mirror. */
async function wholeSuite(architecture: string) {
  const { suite, mirror, aptOptions } = await suiteFor(architecture)
  return { suite, flags: { 'ground-debian-mirror': mirror, 'ground-apt-options': aptOptions.join(',') } }
}

async function inside(image: string, ...command: string[]): Promise<string> {
  const args = ['--host', engine.address, 'run', '--rm', '--network', 'none', image, ...command]
  const { status, stdout, stderr } = await execute('docker', args, { timeout: 110_000 })
  assert.equal(status, 0, stderr)
  return stdout.trim()
}

async function configOf(image: string) {
  return engine.docker.getImage(image).inspect() as Promise<
    Awaited<ReturnType<ReturnType<typeof engine.docker.getImage>['inspect']>> & { Variant?: string }
  >
}

const leftovers = (at = work) => (existsSync(at) ? readdirSync(at) : [])

const of = (read: () => string) => {
  try {
    return read()
  } catch {
    // it ended, or is the kernel's own
    return ''
  }
}

/** Programs under way that were told of a folder, or see nothing but what is below it. */
function programs(at: string) {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
  const inside = pids.filter((pid) => of(() => readlinkSync(`/proc/${pid}/root`)).includes(at))
  const told = pids.filter((pid) =>
    ['cmdline', 'environ'].some((file) =>
      of(() => readFileSync(`/proc/${pid}/${file}`, 'latin1')).includes(at),
    ),
  )
  return { inside, all: [...new Set([...inside, ...told])] }
}

describe('a ground of busybox', () => {
  for (const name of ['linux/arm64', 'linux/arm/v7', 'linux/riscv64']) {
    test(`for ${name} runs, and says so inside and in its configuration`, async () => {
      const platform = parsePlatform(name)
      const { debian, machine, goarch, variant } = architectureOf(platform)
      const { suite, flags } = await wholeSuite(debian ?? '')
      const ground = await make({ kind: 'busybox', suite, slim: true, platform }, { flags })
      assert.equal(await inside(ground.tag, 'uname', '-m'), machine)
      assert.equal(
        await inside(ground.tag, 'sh', '-c', 'id -un && ls -d /tmp /root && env true'),
        'root\n/root\n/tmp',
      )
      const config = await configOf(ground.tag)
      assert.deepEqual([config.Os, config.Architecture, config.Variant ?? ''], ['linux', goarch, variant])
      assert.equal(config.Id, ground.image)
      assert.equal(Date.parse(config.Created), Date.parse(`${DATE}T00:00:00Z`))
      assert.equal(config.Config.Labels?.['crew.test'], 'ground')
      assert.match(ground.packages.join(), /^busybox-static=1:\d/)
      assert.equal(ground.mirror, flags['ground-debian-mirror'])
      assert.deepEqual(config.RootFS.Layers, [ground.layer])
      assert.deepEqual(leftovers(), [])
    })
  }

  test('is the same image when it is made again, for the processor that it says', async () => {
    const { suite, flags } = await wholeSuite('arm64')
    const ground = { kind: 'busybox', suite, slim: true, platform: parsePlatform('linux/arm64') } as const
    const [one, two] = [await make(ground, { flags }), await make(ground, { flags })]
    assert.equal(one.image, two.image)
    assert.deepEqual(await machineOf(engine, one.image), architectureOf(ground.platform).elf)
  })
})

describe('a ground of Debian', () => {
  test(
    'for arm64, slim, runs dpkg and apt of its architecture and has no documentation',
    EMULATED,
    async () => {
      const platform = parsePlatform('linux/arm64')
      const flags = { 'ground-debian-mirror': ownMirror() }
      const ground = await make({ kind: 'debian', suite: 'bookworm', slim: true, platform }, { flags })
      assert.equal(await inside(ground.tag, 'dpkg', '--print-architecture'), 'arm64')
      assert.equal(await inside(ground.tag, 'uname', '-m'), 'aarch64')
      const config = await configOf(ground.tag)
      assert.deepEqual([config.Os, config.Architecture], ['linux', 'arm64'])
      assert.deepEqual(config.Config.Cmd, ['bash'])
      const look = [
        'find /usr/share/doc -type f ! -name copyright | wc -l',
        'find /usr/share/man /var/lib/apt/lists /var/log -type f | wc -l',
        // an engine puts some there itself
        'find /dev -xdev -name sda',
        'cat /etc/apt/sources.list',
      ]
      const [docs, rest, ...sources] = (await inside(ground.tag, 'sh', '-c', look.join(';'))).split('\n')
      assert.deepEqual([docs, rest], ['0', '0'])
      assert.deepEqual(sources, [`deb ${ownMirror()} bookworm main`])
      assert.ok(ground.packages.some((name) => name.startsWith('libc6=')))
      assert.ok(ground.lines.some((line) => /packages are set up/.test(line)))
      assert.deepEqual(leftovers(), [])
    },
  )

  test("for this machine's architecture is the same image when it is made again", EMULATED, async () => {
    const { suite, flags } = await wholeSuite(architectureOf(host).debian ?? '')
    const ground = { kind: 'debian', suite, slim: false, platform: host } as const
    const one = await make(ground, { flags })
    const two = await make(ground, { flags })
    assert.equal(one.layer, two.layer)
    assert.equal(one.image, two.image)
    assert.match(await inside(one.tag, 'ls', '/usr/share/doc/libc6'), /changelog/)
  })
})

describe('what makes a ground impossible', () => {
  const busybox = { kind: 'busybox', suite: 'bookworm', slim: true, platform: host } as const
  let server: FileServer
  before(async () => {
    server = await FileServer.start()
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
  })

  test('a mirror whose index was changed behind its signature is refused by name', async () => {
    const answer = await fetch(`${ownMirror()}/dists/bookworm/InRelease`)
    const forged = (await answer.text()).replace('\nLabel: Debian\n', '\nLabel: Debiax\n')
    server.files.set('/forged/dists/bookworm/InRelease', Buffer.from(forged))
    const flags = { 'ground-debian-mirror': `${server.url}/forged` }
    await assert.rejects(make(busybox, { flags }), (error) => {
      assert.ok(isFailure(error, 'ground-untrusted'), String(error))
      assert.match(error.message, /127\.0\.0\.1:\d+\/forged is not signed by a key/)
      assert.match(error.message, /BADSIG|not signed/)
      return true
    })
    assert.deepEqual(leftovers(), [])
  })

  test('a mirror in the middle of a sync is asked three times, and then named with what to do', async () => {
    const dists = '/stale/dists/bookworm'
    const answer = await fetch(`${ownMirror()}/dists/bookworm/InRelease`)
    server.files.set(`${dists}/InRelease`, Buffer.from(await answer.arrayBuffer()))
    const index = `${dists}/main/binary-${architectureOf(host).debian}/Packages.xz`
    server.files.set(index, Buffer.from('of another day'))
    const flags = { 'ground-debian-mirror': `${server.url}/stale` }
    await assert.rejects(make(busybox, { flags }), (error) => {
      assert.ok(isFailure(error, 'ground-failed'), String(error))
      assert.match(error.message, /\/stale is in the middle of a sync/)
      assert.match(error.hint, /another mirror with the setting ground-debian-mirror/)
      return true
    })
    assert.equal(server.asked.filter((path) => path === `${dists}/InRelease`).length, 3)
    assert.deepEqual(leftovers(), [])
  })

  test('a mirror without the suite, and one that is not there, are named with what to do', async () => {
    const nothing = { 'ground-debian-mirror': `${server.url}/nothing` }
    await assert.rejects(make(busybox, { flags: nothing }), (error) => {
      assert.ok(isFailure(error, 'ground-failed'), String(error))
      assert.match(error.message, /has no such suite/)
      assert.match(error.hint, /ground-debian-mirror/)
      return true
    })
    const gone = {
      'ground-debian-mirror': 'http://127.0.0.1:9/debian',
      'ground-apt-options': 'Acquire::Retries=0',
    }
    await assert.rejects(make(busybox, { flags: gone }), (error) => {
      assert.ok(isFailure(error, 'ground-failed'), String(error))
      assert.match(error.message, /cannot be reached .*127\.0\.0\.1:9/)
      return true
    })
    assert.deepEqual(leftovers(), [])
  })

  test('a suite that is no name, a day that is none and a port that is not there are refused at once', async () => {
    for (const wrong of [{ suite: '--hook' }, { suite: 'a b' }, { platform: parsePlatform('linux/arm/v6') }])
      await assert.rejects(make({ ...busybox, ...wrong }), (error) => isFailure(error, 'value-invalid'))
    assert.deepEqual(leftovers(), [])
  })

  test('a disk that runs full in the middle is named, and nothing of it is left', async () => {
    const disk = join(folder, 'disk')
    mkdirSync(disk)
    const mounted = await execute('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', disk])
    assert.equal(mounted.status, 0, mounted.stderr)
    try {
      const flags = { 'ground-debian-mirror': ownMirror() }
      const ground = { kind: 'debian', suite: 'bookworm', slim: true, platform: host } as const
      await assert.rejects(make(ground, { flags, work: join(disk, 'work') }), (error) => {
        assert.ok(isFailure(error, 'ground-failed'), String(error))
        assert.match(error.message, /the disk is full/)
        return true
      })
      assert.deepEqual(leftovers(join(disk, 'work')), [])
    } finally {
      await execute('umount', [disk])
    }
  })

  test('one that is called off leaves no process, no mount and no file', async () => {
    const stop = new AbortController()
    const begun = make(
      { kind: 'debian', suite: 'bookworm', slim: true, platform: host },
      { flags: { 'ground-debian-mirror': ownMirror() }, signal: stop.signal },
    )
    const ended = assert.rejects(begun, (error) => isFailure(error, 'canceled'))
    // packages are set up in there by then
    await eventually('it to be worked in', async () => programs(work).inside.length > 0, 60_000)
    const stopped = performance.now()
    stop.abort()
    await ended
    assert.ok(performance.now() - stopped < 5000, 'it ended late')
    assert.deepEqual(leftovers(), [])
    assert.deepEqual(programs(work).all, [])
    assert.ok(!readFileSync('/proc/self/mounts', 'utf8').includes(work))
  })

  test('one whose daemon is killed ends at once, and what it left is removed at the next start', async () => {
    const at = join(folder, 'killed')
    const flags = JSON.stringify({ root: folder, 'ground-debian-mirror': ownMirror() })
    const program = `
      import { makeGround } from '${SOURCES}/host/ground/ground.ts'
      import { Engine } from '${SOURCES}/host/docker/engine.ts'
      import { loadSettings } from '${SOURCES}/config/settings.ts'
      await makeGround(
        new Engine('${engine.address}'),
        { kind: 'debian', suite: 'bookworm', slim: true, platform: '${host}', date: '${DATE}' },
        {
          settings: loadSettings({ flags: ${flags}, file: '' }),
          paths: { work: '${at}' },
          tag: 'crew-test/killed:1',
          labels: {},
          report: { step() {}, line() {} },
          signal: new AbortController().signal,
        },
      )`
    const daemon = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'inherit' })
    await eventually('it to be worked in', async () => programs(at).inside.length > 0, 60_000)
    daemon.kill('SIGKILL')
    await eventually('everything to end', async () => programs(at).all.length === 0, 3000)
    assert.equal(leftovers(at).length, 1)
    await removeStaleGrounds({ work: at })
    assert.deepEqual(leftovers(at), [])
  })

  test('one that takes too long is ended', async () => {
    const flags = { 'ground-debian-mirror': ownMirror(), 'ground-timeout': '1s' }
    await assert.rejects(make(busybox, { flags }), (error) => {
      assert.ok(isFailure(error, 'timed-out'), String(error))
      assert.match(error.hint, /ground-timeout/)
      return true
    })
    assert.deepEqual(leftovers(), [])
  })

  test('what a killed daemon left is removed, and nothing else', async () => {
    mkdirSync(join(work, 'ground-abc/mmdebstrap.x/dev'), { recursive: true })
    writeFileSync(join(work, 'ground-abc/layer.tar'), 'x')
    mkdirSync(join(work, 'submodules-abc'))
    await removeStaleGrounds({ work })
    assert.deepEqual(leftovers(), ['submodules-abc'])
    rmSync(join(work, 'submodules-abc'), { recursive: true })
    await removeStaleGrounds({ work: join(folder, 'nowhere') })
  })
})

describe('a ground of Alpine', () => {
  const key = makeKey('test-1.rsa.pub')
  const own = architectureOf(host).alpine ?? ''
  let server: FileServer
  before(async () => {
    server = await FileServer.start()
    // stands for apk: what it is told to make is looked at, the rest of the way is the real one
    const program = [
      '#!/bin/busybox sh',
      'set -eu',
      'all="$*"',
      'while [ $# -gt 0 ]; do case $1 in --root) root=$2 ;; --keys-dir) keys=$2 ;; esac; shift; done',
      'mkdir -p "$root/bin" "$root/lib/apk/db" "$root/etc/apk" "$root/var/cache/apk"',
      'cp /bin/busybox "$root/bin/busybox"; ln -s busybox "$root/bin/sh"; ln -s /bin/busybox "$root/bin/cat"',
      'printf "P:busybox\\nV:1.36.1-r29\\n\\nP:musl\\nV:1.2.5-r0\\n" >"$root/lib/apk/db/installed"',
      'for word in $all; do case $word in /dev/null | [!/]*) echo "$word" ;; esac; done >"$root/etc/arguments"; ls "$keys" >"$root/etc/keys"; echo x >"$root/var/cache/apk/x"',
      'echo "(1/2) Installing musl (1.2.5-r0)"; echo "OK: 8 MiB"',
    ]
    const files = [{ name: 'sbin/apk.static', content: `${program.join('\n')}\n`, mode: 0o755 }]
    const tool = await makePackage(key, 'apk-tools-static', '2.14.4-r0', files, own)
    const layout = await makePackage(key, 'alpine-baselayout', '3.6.5-r0', [], own)
    publish(server, 'v3.20', await makeIndex(key, [tool, layout], own), [tool], own)
    const stranger = makeKey('stranger.rsa.pub')
    publish(server, 'v3.19', await makeIndex(stranger, [tool], own), [tool], own)
    const changed = await makeIndex(key, [tool], own)
    changed[changed.length - 40] = (changed.at(-40) ?? 0) ^ 1
    publish(server, 'v3.18', changed, [tool], own)
    const forged = await makePackage(stranger, 'apk-tools-static', '2.14.4-r0', files, own)
    publish(server, 'v3.17', await makeIndex(key, [tool], own), [forged], own)
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
  })

  const alpine = (suite: string) =>
    make(
      { kind: 'alpine', suite, slim: true, platform: host },
      { flags: { 'ground-alpine-mirror': server.url }, options: { alpineKeys: key.ring } },
    )

  test("is made by the mirror's own apk, of a signed index and a signed package", async () => {
    const ground = await alpine('3.20')
    assert.deepEqual(ground.packages, ['busybox=1.36.1-r29', 'musl=1.2.5-r0'])
    assert.equal(await inside(ground.tag, 'cat', '/etc/keys'), 'test-1.rsa.pub')
    const args = await inside(ground.tag, 'cat', '/etc/arguments')
    assert.match(args, new RegExp(`--arch\n${own}\n--initdb\n[^]*\nadd\nalpine-baselayout$`))
    const repositories = `${server.url}/v3.20/main\n${server.url}/v3.20/community`
    assert.equal(await inside(ground.tag, 'cat', '/etc/apk/repositories'), repositories)
    assert.deepEqual((await configOf(ground.tag)).Config.Cmd, ['/bin/sh'])
    assert.ok(ground.lines.some((line) => /installing musl \(1 of 2\)/.test(line)))
    assert.equal((await alpine('3.20')).image, ground.image)
    assert.deepEqual(leftovers(), [])
  })

  for (const [what, suite, words] of [
    ['an index signed by a stranger', '3.19', /the index: it is signed with stranger\.rsa\.pub/],
    ['an index that was changed', '3.18', /the index: it is (damaged|cut|not as it was signed)/],
    ['a package signed by a stranger', '3.17', /apk-tools-static: it is signed with stranger/],
  ] as const) {
    test(`is refused because of ${what}`, async () => {
      await assert.rejects(alpine(suite), (error) => {
        assert.ok(isFailure(error, 'ground-untrusted'), String(error))
        assert.match(error.message, words)
        return true
      })
      assert.deepEqual(leftovers(), [])
    })
  }

  test('of a release that the mirror has not fails with what the mirror said', async () => {
    await assert.rejects(alpine('3.99'), (error) => {
      assert.ok(isFailure(error, 'ground-failed'), String(error))
      assert.match(error.message, /v3\.99\/main\/.*: 404/)
      return true
    })
  })
})
