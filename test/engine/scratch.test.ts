// Base images made from scratch, end to end on a real engine: what is planned, built, kept, and refused. The ground is
// Debian's static busybox, which is there in seconds; scratch-debian.test.ts has the real distributions.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { execute } from './harness/execute.ts'
import { Instance } from './harness/instance.ts'
import { TestLibrary } from './harness/library.ts'
import { Registry } from './harness/registry.ts'
import { suiteFor } from './harness/suites.ts'

interface PlanJson {
  readonly buildable: boolean
  readonly nodes: readonly {
    readonly image: string
    readonly how: string
    readonly state: string
    readonly blockers: readonly { code: string; problem: string; file: string | null; line: number | null }[]
  }[]
}

const folder = mkdtempSync(join(tmpdir(), 'crew-scratch-'))
let library: TestLibrary
let registry: Registry
let instance: Instance

const MINUTES = 60_000
const docker = (...args: string[]) => execute('docker', ['-H', process.env.CREW_TEST_ENGINE ?? '', ...args])
const plan = async (image: string, ...options: string[]) => {
  const { status, stdout, stderr } = await instance.crew([
    'scratch:plan',
    image,
    '--format',
    'json',
    ...options,
  ])
  return { status, stderr, plan: JSON.parse(stdout || '{}') as PlanJson }
}
const build = (image: string, ...options: string[]) =>
  instance.crew(['scratch:build', image, ...options], { timeout: 5 * MINUTES })
const states = ({ nodes }: PlanJson) => nodes.map(({ image, state }) => `${image} ${state}`)
/** The tag of an image that scratch:build made. */
const madeTag = (stdout: string) => /is (crew-[0-9a-f]+\/base\.made:[0-9a-f]+)/.exec(stdout)?.[1] ?? 'none'

before(
  async () => {
    library = await TestLibrary.start(join(folder, 'git'))
    registry = await Registry.start()
    const { mirror, aptOptions } = await suiteFor('arm64')
    await library.put({ name: 'low', files: { Dockerfile: 'FROM busybox:1.36\nRUN echo low > /low\n' } })
    await library.put({
      name: 'middle',
      files: { Dockerfile: 'FROM low\nCOPY file /middle\n', file: 'middle\n', '.dockerignore': 'ignored\n' },
    })
    await library.put({
      name: 'high',
      files: {
        Dockerfile: [
          'ARG BASE=middle:1',
          'FROM low AS copied',
          'RUN uname -m > /machine',
          'FROM $BASE AS unused',
          'RUN exit 1',
          'FROM $BASE',
          'COPY --from=copied /machine /machine',
          'CMD ["cat", "/machine"]',
          '',
        ].join('\n'),
      },
    })
    instance = await Instance.start({
      CREW_SCRATCH_LIBRARY: library.url,
      CREW_SCRATCH_LIBRARY_AGE: '0s',
      CREW_GROUND_DEBIAN_MIRROR: mirror,
      CREW_GROUND_APT_OPTIONS: aptOptions.join(','),
      CREW_SOURCE_TIMEOUT: '20s',
      CREW_BUILDER: 'buildkit',
    })
  },
  { timeout: 3 * MINUTES },
)

after(async () => {
  await instance?.[Symbol.asyncDispose]()
  await registry?.[Symbol.asyncDispose]()
  await library?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

describe('an image whose stack nobody publishes for the platform', () => {
  test('is planned down to a ground, the ground first', async () => {
    const { status, plan: found } = await plan('high', '--arch', 'arm64')
    assert.equal(status, 0)
    assert.deepEqual(states(found), [
      'busybox:1.36 make',
      'low:latest make',
      'middle:1 make',
      'high:latest make',
    ])
  })

  test('is built, tells its progress, and is what it says', { timeout: 5 * MINUTES }, async () => {
    const { status, stdout, stderr } = await build('high', '--arch', 'arm64')
    assert.equal(status, 0, stderr)
    assert.match(stdout, /Image 1 of 4: busybox:1\.36 for linux\/arm64/)
    assert.match(stdout, /Image 4 of 4: high:latest for linux\/arm64, built from git:/)
    const tag = madeTag(stdout)
    const { stdout: inspected } = await docker('image', 'inspect', tag)
    const [config] = JSON.parse(inspected) as [
      { Os: string; Architecture: string; Config: { Labels: object } },
    ]
    assert.equal(`${config.Os}/${config.Architecture}`, 'linux/arm64')
    assert.match(JSON.stringify(config.Config.Labels), /"org\.opencontainers\.image\.source":"git:/)
    const ran = await docker('run', '--rm', '--platform', 'linux/arm64', tag)
    assert.equal(ran.stdout.trim(), 'aarch64', ran.stderr)
    // the shell of BusyBox starts itself as cat, under whose name it must arrive through the emulator: without the
    // flag P of binfmt_misc it did not
    const inside = await docker(
      'run',
      '--rm',
      '--platform',
      'linux/arm64',
      tag,
      'sh',
      '-c',
      'uname -m; cat /low /middle',
    )
    assert.deepEqual(inside.stdout.trim().split('\n'), ['aarch64', 'low', 'middle'], inside.stderr)
  })

  test('is not built again, also not by a daemon that was started anew', async () => {
    await instance.stop()
    await instance.serve()
    const again = await build('high', '--arch', 'arm64')
    assert.equal(again.status, 0, again.stderr)
    assert.match(again.stdout, /nothing to make/)
    assert.doesNotMatch(again.stdout, /Image 1 of/)
  })

  test('of which one part changed is built from there on', { timeout: 2 * MINUTES }, async () => {
    await library.put({
      name: 'middle',
      files: { Dockerfile: 'FROM low\nCOPY file /middle\n', file: 'changed\n' },
    })
    const { plan: found } = await plan('high', '--arch', 'arm64')
    assert.deepEqual(states(found), [
      'busybox:1.36 cached',
      'low:latest cached',
      'middle:1 make',
      'high:latest make',
    ])
    const { status, stdout } = await build('high', '--arch', 'arm64')
    assert.equal(status, 0)
    assert.match(stdout, /Image 1 of 2: middle:1/)
  })

  test('says what it was made from', async () => {
    const reports = await instance.json<{ source: { commit: string; directory: string }; bases: object }[]>([
      'scratch:report',
      'high',
    ])
    assert.ok(reports.length > 0)
    assert.equal(reports[0]?.source.directory, 'high')
    assert.match(reports[0]?.source.commit ?? '', /^[0-9a-f]{40}$/)
    assert.match(JSON.stringify(reports[0]?.bases), /sha256:/)
  })

  test('for another platform is another one', { timeout: 2 * MINUTES }, async () => {
    const { plan: found } = await plan('low', '--arch', 'arm/v7')
    assert.deepEqual(states(found), ['busybox:1.36 make', 'low:latest make'])
  })
})

describe('a daemon that is killed while it makes images', () => {
  test('goes on from those that were finished, and leaves nothing of the other', {
    timeout: 3 * MINUTES,
  }, async () => {
    await library.put({ name: 'first', files: { Dockerfile: 'FROM low\nRUN echo first > /first\n' } })
    await library.put({ name: 'second', files: { Dockerfile: 'FROM first\nRUN echo second > /second\n' } })
    const before = (await instance.images()).flatMap(({ tags }) => tags)
    await instance.stop()
    await instance.serve({ CREW_FAILPOINT: 'base-made' })
    const killed = await build('second', '--arch', 'arm64')
    assert.notEqual(killed.status, 0)
    assert.equal(await instance.ended(), 'SIGKILL')
    await instance.serve()
    const left = (await instance.images()).flatMap(({ tags }) => tags)
    assert.deepEqual(left.toSorted(), before.toSorted())
    const again = await build('second', '--arch', 'arm64')
    assert.equal(again.status, 0, again.stderr)
    assert.match(again.stdout, /cached +low:latest/)
    assert.match(again.stdout, /Image 1 of 2: first:latest/)
  })
})

describe('a push for another platform', () => {
  test('whose base nobody publishes makes the base and deploys', { timeout: 3 * MINUTES }, async () => {
    await instance.crew(['apps:create', 'foreign'])
    assert.equal((await instance.crew(['apps:set', 'foreign', 'platform', 'arm64'])).status, 0)
    const repository = await instance.repository('foreign', {
      Dockerfile:
        'FROM low\nRUN mkdir /www && uname -m > /www/index.html\nEXPOSE 5000\nCMD ["httpd", "-f", "-p", "5000", "-h", "/www"]\n',
    })
    const { status, stderr } = await instance.push(repository, ['master'], { timeout: 2 * MINUTES })
    assert.equal(status, 0, stderr)
    assert.match(stderr, /Application deployed/)
    assert.equal((await instance.page('foreign')).trim(), 'aarch64')
  })

  test('is refused with the plan where making is off, and shown the plan where it is only planned', async () => {
    await library.put({ name: 'unmade', files: { Dockerfile: 'FROM low\nRUN echo unmade > /unmade\n' } })
    const repository = await instance.repository('foreign', { Dockerfile: 'FROM unmade\nEXPOSE 5000\n' })
    for (const [mode, words] of [
      ['off', /scratch is off/],
      [
        'plan',
        /make +unmade:latest[\s\S]*scratch is set to plan[\s\S]*scratch:build unmade:latest --arch linux\/arm64/,
      ],
    ] as const) {
      await instance.crew(['builder:set', 'foreign', 'scratch', mode])
      const { status, stderr } = await instance.push(repository, ['+master'])
      assert.notEqual(status, 0)
      assert.match(stderr, words)
    }
    assert.equal((await instance.page('foreign')).trim(), 'aarch64')
  })
})

describe('a registry', () => {
  test('that has the platform is believed, and the image is what it said', {
    timeout: 2 * MINUTES,
  }, async () => {
    const { engine } = instance
    const amd64 = await registry.publish(engine, 'multi:amd64', {
      architecture: 'amd64',
      content: 'for amd64',
    })
    const arm64 = await registry.publish(engine, 'multi:arm64', {
      architecture: 'arm64',
      content: 'for arm64',
    })
    await registry.putList('multi:1', [
      { digest: amd64, architecture: 'amd64' },
      { digest: arm64, architecture: 'arm64' },
    ])
    const image = `${registry.address}/multi:1`
    const { plan: found } = await plan(image, '--arch', 'arm64')
    assert.deepEqual(states(found), [`${image} pull`])
    const { status, stdout, stderr } = await build(image, '--arch', 'arm64')
    assert.equal(status, 0, stderr)
    const { stdout: inspected } = await docker(
      'image',
      'inspect',
      madeTag(stdout),
      '--format',
      '{{.Architecture}}',
    )
    assert.equal(inspected.trim(), 'arm64')
  })

  test('that has it for others only is not taken for ours: no source, no image', async () => {
    await registry.publish(instance.engine, 'only:1', { architecture: 'amd64' })
    const image = `${registry.address}/only:1`
    const { status, plan: found } = await plan(image, '--arch', 'arm64')
    assert.equal(status, 3)
    assert.equal(found.nodes[0]?.blockers[0]?.code, 'no-source')
    assert.match(found.nodes[0]?.blockers[0]?.problem ?? '', /only for linux\/amd64/)
  })

  test('whose image says where it is made is followed to the source', { timeout: 2 * MINUTES }, async () => {
    const commit = await library.daemon.commit('tool', { Dockerfile: 'FROM low\nRUN echo tool > /tool\n' })
    const labels = {
      'org.opencontainers.image.source': library.daemon.url('tool'),
      'org.opencontainers.image.revision': commit,
    }
    await registry.publish(instance.engine, 'labelled:1', { architecture: 'amd64', labels })
    const image = `${registry.address}/labelled:1`
    const { status, stdout, stderr } = await build(image, '--arch', 'arm64')
    assert.equal(status, 0, stderr)
    const ran = await docker('run', '--rm', '--platform', 'linux/arm64', madeTag(stdout), 'cat', '/tool')
    assert.equal(ran.stdout.trim(), 'tool', ran.stderr)
  })

  test('that calls an image by another architecture than it is, is found out', async () => {
    const digest = await registry.publish(instance.engine, 'liar:amd64', {
      architecture: 'amd64',
      content: 'a lie',
    })
    await registry.putList('liar:1', [{ digest, architecture: 'arm64' }])
    const { status, stderr } = await build(`${registry.address}/liar:1`, '--arch', 'arm64')
    assert.equal(status, 1)
    assert.match(stderr, /published for linux\/arm64, and what came is for linux\/amd64/)
  })
})

describe('an image on the engine', () => {
  test('whose programs are for another processor than it says is not used', {
    timeout: MINUTES,
  }, async () => {
    const built = await build('busybox:1.36', '--arch', 'arm64')
    const { stdout: container } = await docker('create', '--platform', 'linux/arm64', madeTag(built.stdout))
    const tar = join(folder, 'innocent.tar')
    await docker('export', '--output', tar, container.trim())
    await docker('rm', container.trim())
    // engines write their own architecture on whatever is imported
    await docker('import', tar, 'innocent:1')
    const { stdout: said } = await docker('image', 'inspect', 'innocent:1', '--format', '{{.Architecture}}')
    assert.equal(said.trim(), 'amd64')
    const { status, stdout } = await instance.crew(['scratch:plan', 'innocent:1', '--arch', 'amd64'])
    await docker('rmi', 'innocent:1')
    assert.equal(status, 3)
    assert.match(stdout, /the one on the engine is for linux\/arm64, whatever its configuration says/)
  })
})

describe('what stands in the way', () => {
  test('is named with file and line before anything is built, and exit 3', async () => {
    await library.put({
      name: 'picky',
      files: {
        Dockerfile:
          'FROM low\nRUN set -eux; \\\n  arch="$(uname -m)"; \\\n  case "$arch" in x86_64) ;; *) echo no; exit 1 ;; esac\n',
      },
    })
    const { status, plan: found } = await plan('picky', '--arch', 'arm64')
    assert.equal(status, 3)
    const [blocker] = found.nodes.at(-1)?.blockers ?? []
    assert.equal(blocker?.code, 'architecture-case')
    assert.equal(blocker?.file, 'picky/Dockerfile')
    assert.equal(blocker?.line, 4)
  })

  test('a circle of FROMs is a blocker that shows the circle', async () => {
    await library.put({ name: 'snake', files: { Dockerfile: 'FROM tail\n' } })
    await library.put({ name: 'tail', files: { Dockerfile: 'FROM snake\n' } })
    const { status, plan: found } = await plan('snake', '--arch', 'arm64')
    assert.equal(status, 3)
    assert.match(JSON.stringify(found), /made from itself: .*snake:latest -> tail:latest -> snake:latest/)
  })

  test('a library file that is malformed is named with its line', async () => {
    await library.daemon.commit('official-images', { 'library/broken': 'Tags: 1\nGitRepo: nowhere\n' })
    const { status, plan: found } = await plan('broken:1', '--arch', 'arm64')
    assert.equal(status, 3)
    assert.match(JSON.stringify(found), /library\/broken line 1: GitRepo/)
  })

  test('a commit that is gone is said to be gone, and nothing else is built in its place', async () => {
    const commit = await library.put({ name: 'gone', files: { Dockerfile: 'FROM low\n' } })
    const missing = commit.replace(/^./, commit.startsWith('0') ? '1' : '0')
    await library.daemon.commit('official-images', {
      'library/gone': `Tags: 1\nGitRepo: ${library.daemon.url('images')}\nGitCommit: ${missing}\nDirectory: gone\n`,
    })
    const { status, plan: found } = await plan('gone:1', '--arch', 'arm64')
    assert.equal(status, 3)
    assert.match(JSON.stringify(found), new RegExp(`commit ${missing} is not in`))
  })

  test('a repository that never answers ends within its limit', { timeout: 2 * MINUTES }, async () => {
    const server = createServer(() => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    try {
      await instance.crew(['scratch:source', 'add', 'silent', `git://127.0.0.1:${port}/silent`])
      const { status, plan: found } = await plan('silent', '--arch', 'arm64')
      assert.equal(status, 3)
      assert.match(JSON.stringify(found), /took longer than 20 s/)
    } finally {
      server.close()
      await instance.crew(['scratch:source', 'remove', 'silent'])
    }
  })

  test('a Dockerfile of 10 MB is not read', async () => {
    await library.put({ name: 'huge', files: { Dockerfile: `FROM low\n${'# more\n'.repeat(1_500_000)}` } })
    const { status, plan: found } = await plan('huge', '--arch', 'arm64')
    assert.equal(status, 3)
    assert.match(JSON.stringify(found), /Dockerfile is larger than/)
  })

  test('an unknown platform is one clear line', async () => {
    const { status, stderr } = await instance.crew(['scratch:plan', 'low', '--arch', 'pdp11'])
    assert.equal(status, 1)
    assert.match(stderr, /invalid platform "pdp11"\n ! {5}one of linux\/amd64,/)
  })
})

describe('the cache', () => {
  test('is listed, and goes with scratch:prune, but not what an app runs', {
    timeout: 2 * MINUTES,
  }, async () => {
    const listed = await instance.json<{ reference: string; platform: string; how: string }[]>([
      'scratch:list',
    ])
    assert.ok(listed.some(({ reference, how }) => reference === 'busybox:1.36' && how === 'ground'))
    const { status, stdout } = await instance.crew(['scratch:prune'])
    assert.equal(status, 0)
    assert.match(stdout, /busybox:1\.36 for linux\/arm64/)
    assert.deepEqual(await instance.json(['scratch:list']), [])
    assert.equal((await instance.page('foreign')).trim(), 'aarch64')
  })

  test('keeps to its size: what was not used for the longest time goes', {
    timeout: 2 * MINUTES,
  }, async () => {
    await instance.stop()
    await instance.serve({ CREW_SCRATCH_CACHE_SIZE: '1m' })
    const names = async () =>
      (await instance.json<{ reference: string }[]>(['scratch:list']))
        .map(({ reference }) => reference)
        .toSorted()
    await build('low', '--arch', 'arm64')
    // larger than the limit, and in use
    assert.deepEqual(await names(), ['busybox:1.36', 'low:latest'])
    // the same ground, for there is one of Debian's
    await build('busybox:glibc', '--arch', 'arm64')
    assert.deepEqual(await names(), ['busybox:1.36'])
  })
})
