import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { buildKey, pullKey } from '../../../../src/builder/scratch/key.ts'
import type { Blocker, Plan, PlanNode } from '../../../../src/builder/scratch/plan.ts'
import type { Substitute } from '../../../../src/builder/scratch/substitutes.ts'
import type { Published } from '../../../../src/builder/scratch/world.ts'
import { failure, isFailure } from '../../../../src/core/errors.ts'
import { parsePlatform } from '../../../../src/core/platform.ts'
import { arm64, armv7, COMMIT, FakeWorld, type Known, TODAY } from './fake-world.ts'

const amd64 = parsePlatform('amd64')
const DIGEST = `sha256:${'0a'.repeat(32)}`

/** What may stand in for an image. */
const instead = (reference: string): Substitute => ({
  source: 'https://example.org',
  id: 'row',
  reason: 'It is another one.',
  kind: 'image',
  reference,
})
const elsewhere: Known = { published: { state: 'other', platforms: [amd64] } }
const here: Known = { present: { image: 'sha256:here', platform: arm64 } }

const nodeOf = (plan: Plan, reference: string): PlanNode => {
  const found = plan.nodes.find((node) => node.reference === reference)
  assert.ok(found, `no ${reference} in the plan`)
  return found
}
const hows = (plan: Plan) => plan.nodes.map(({ reference, how }) => `${reference} ${how}`)
const blockersOf = (plan: Plan, reference: string): readonly Blocker[] => {
  const node = nodeOf(plan, reference)
  return node.how === 'blocked' ? node.blockers : assert.fail(`${reference} is not blocked but ${node.how}`)
}
const codesOf = (plan: Plan, reference: string) => blockersOf(plan, reference).map(({ code }) => code)

describe('an image is had', () => {
  test('as it is on the engine, and nobody else is asked', async () => {
    const world = new FakeWorld({ 'tool:1': here })
    const plan = await world.plan('tool:1')
    assert.deepEqual(plan.nodes, [
      {
        id: 'tool:1|linux/arm64',
        reference: 'tool:1',
        platform: arm64,
        reasons: ['on the engine, for linux/arm64'],
        needs: [],
        how: 'present',
        image: 'sha256:here',
        tag: undefined,
      },
    ])
    assert.deepEqual(plan.roots, ['tool:1|linux/arm64'])
    assert.deepEqual(world.asked, ['present tool:1 linux/arm64'])
  })

  test('from its registry, before anything is made', async () => {
    const published = { state: 'published', platform: arm64, digest: DIGEST } as const
    const world = new FakeWorld({ 'debian:trixie': { published, makers: [{ dockerfile: 'FROM scratch' }] } })
    const plan = await world.plan('debian:trixie')
    const node = nodeOf(plan, 'debian:trixie')
    assert.ok(node.how === 'pull')
    assert.deepEqual([node.digest, node.published, node.image], [DIGEST, arm64, undefined])
    assert.deepEqual(node.reasons, ['its registry has it for linux/arm64'])
    assert.ok(!world.asked.some((line) => line.startsWith('recipe')))
  })

  test('as the older variant that its registry has, and that is said', async () => {
    const published = { state: 'published', platform: parsePlatform('arm/v6'), digest: DIGEST } as const
    const world = new FakeWorld({ 'tool:1': { published } })
    world.made = async (key) => (key === pullKey(DIGEST, parsePlatform('arm/v6')) ? 'sha256:kept' : undefined)
    const node = nodeOf(await world.plan('tool:1', { platform: armv7 }), 'tool:1')
    assert.ok(node.how === 'pull')
    assert.deepEqual([node.platform, node.published], [armv7, 'linux/arm/v6'])
    assert.deepEqual(node.reasons, ['its registry has it for linux/arm/v6'])
    assert.equal(node.image, 'sha256:kept', 'what was fetched before is known again')
  })

  test('never as a 32-bit image on a 64-bit board, when that is all there is', async () => {
    const world = new FakeWorld({ 'tool:1': { published: { state: 'other', platforms: [armv7] } } })
    const plan = await world.plan('tool:1')
    assert.deepEqual(nodeOf(plan, 'tool:1').reasons, ['its registry has it only for linux/arm/v7'])
    assert.deepEqual(codesOf(plan, 'tool:1'), ['no-source'])
  })

  test('rebuilt, when the one on the engine and those of its registry are for others', async () => {
    const world = new FakeWorld({
      'tool:1': {
        present: { wrong: 'linux/amd64' },
        published: { state: 'other', platforms: [amd64, armv7] },
        makers: [{ dockerfile: 'FROM base:1\n' }],
      },
      'base:1': here,
    })
    const plan = await world.plan('tool:1')
    const node = nodeOf(plan, 'tool:1')
    assert.ok(node.how === 'build' && node.origin.kind === 'repository')
    assert.equal(node.origin.from, 'library')
    assert.equal(node.dockerfile, 'FROM base:1\n')
    assert.deepEqual(node.reasons, [
      'the one on the engine is for linux/amd64',
      'its registry has it only for linux/amd64, linux/arm/v7',
      `the official library: https://example.org/0/tool:1 at ${COMMIT.slice(0, 12)}, x/Dockerfile`,
    ])
  })

  test('as a ground, and its Dockerfile is not even asked for', async () => {
    const world = new FakeWorld({
      'debian:trixie-slim': { ...elsewhere, makers: [{ fails: new Error('asked') }] },
    })
    const node = nodeOf(await world.plan('debian:trixie-slim'), 'debian:trixie-slim')
    assert.ok(node.how === 'ground')
    assert.deepEqual(node.ground, {
      kind: 'debian',
      suite: 'trixie',
      slim: true,
      platform: arm64,
      date: TODAY,
    })
    assert.equal(node.reasons.at(-1), 'made here: debian trixie for arm64')
    assert.equal(node.key, 'key of debian trixie linux/arm64 slim')
  })

  test('as a substitute, when nobody says how it is made', async () => {
    const world = new FakeWorld({
      'jdk:21': { ...elsewhere, substitute: instead('debian:trixie') },
      'debian:trixie': here,
    })
    const plan = await world.plan('jdk:21')
    const node = nodeOf(plan, 'jdk:21')
    assert.ok(node.how === 'substitute')
    assert.deepEqual(node.needs, [
      { node: 'debian:trixie|linux/arm64', reference: 'debian:trixie', platform: undefined },
    ])
    assert.equal(node.reasons.at(-1), 'substitute: It is another one.')
    assert.ok(world.asked.includes('substitute jdk 21'))
  })

  test('as a substitute that is built, on a base that is made too', async () => {
    const substitute = {
      id: 'row',
      reason: 'It is another one.',
      source: 'https://example.org',
      kind: 'dockerfile',
      dockerfile: 'FROM debian:trixie\n',
    } as const
    const world = new FakeWorld({ 'jdk:21': { ...elsewhere, substitute }, 'debian:trixie': elsewhere })
    const plan = await world.plan('jdk:21')
    assert.deepEqual(hows(plan), ['debian:trixie ground', 'jdk:21 build'])
    const node = nodeOf(plan, 'jdk:21')
    assert.ok(node.how === 'build')
    assert.deepEqual(node.origin, { kind: 'substitute', id: 'row' })
    assert.equal(node.reasons.at(-1), 'substitute: It is another one.')
  })

  test('as a substitute, with all the tags of the library’s entry to tell which', async () => {
    const substitute = instead('debian:trixie')
    const makers = [{ dockerfile: 'FROM gone:1\n', tags: ['21-jdk-noble', '21-jdk'] }]
    const world = new FakeWorld({ 'jdk:21': { makers, substitute }, 'gone:1': {}, 'debian:trixie': here })
    assert.equal(nodeOf(await world.plan('jdk:21'), 'jdk:21').how, 'substitute')
    assert.ok(world.asked.includes('substitute jdk 21-jdk-noble,21-jdk'))
  })
})

describe('a registry', () => {
  test('that does not answer, or does not let us see it, is named in the reasons, and others are asked', async () => {
    const words: Record<string, Published> = {
      'its registry has no such image': { state: 'absent' },
      'its registry does not let us see it (registry:login)': { state: 'denied' },
      'its registry does not answer: ENOTFOUND': { state: 'unreachable', problem: 'ENOTFOUND' },
      'its registry has it only for platforms unknown here': { state: 'other', platforms: [] },
    }
    for (const [reason, published] of Object.entries(words)) {
      const world = new FakeWorld({ 'tool:1': { published, makers: [{ dockerfile: 'FROM scratch\n' }] } })
      const node = nodeOf(await world.plan('tool:1'), 'tool:1')
      assert.equal(node.how, 'build')
      assert.equal(node.reasons[0], reason)
    }
  })

  test('that does not answer for labels either leaves an image of which nothing is known', async () => {
    const fails = failure('registry-failed', { registry: 'example.org', problem: 'ENOTFOUND', hint: '' })
    const world = new FakeWorld({ 'tool:1': { makers: [{ from: 'labels', fails }] } })
    assert.deepEqual(codesOf(await world.plan('tool:1'), 'tool:1'), ['no-source'])
  })
})

describe('those who say how an image is made', () => {
  const dead = failure('source-failed', { image: 'x', url: 'git://x', problem: 'ECONNREFUSED', hint: 'try' })
  const gone = failure('source-commit-gone', { image: 'x', url: 'git://x', commit: COMMIT })

  test('are asked in their order: the next one when a source cannot be fetched', async () => {
    const world = new FakeWorld({
      'tool:1': {
        makers: [
          { from: 'user', opening: dead },
          { from: 'library' },
          { from: 'labels', dockerfile: 'FROM base:1\n' },
        ],
      },
      'base:1': here,
    })
    const node = nodeOf(await world.plan('tool:1'), 'tool:1')
    assert.ok(node.how === 'build' && node.origin.kind === 'repository')
    assert.equal(node.origin.from, 'labels')
    assert.ok(node.reasons.includes(dead.message), 'why the first would not do is not forgotten')
  })

  test('are not asked when one before them did', async () => {
    const world = new FakeWorld({
      'tool:1': {
        makers: [
          { from: 'user', dockerfile: 'FROM scratch\n' },
          { from: 'library', fails: dead },
        ],
      },
    })
    assert.equal(nodeOf(await world.plan('tool:1'), 'tool:1').how, 'build')
    assert.deepEqual(
      world.asked.filter((line) => line.startsWith('recipe')),
      ['recipe tool:1 user'],
    )
  })

  test('are named with their own words and offers when none will do', async () => {
    const world = new FakeWorld({
      'tool:1': {
        makers: [
          { from: 'user', opening: gone },
          { from: 'library', fails: dead },
        ],
      },
    })
    const blockers = blockersOf(await world.plan('tool:1'), 'tool:1')
    assert.deepEqual(
      blockers.map(({ code, problem }) => [code, problem]),
      [
        ['source-commit-gone', gone.message],
        ['source-failed', dead.message],
      ],
    )
    assert.match(blockers[0]?.offers[0] ?? '', /scratch:source add x git:\/\/x#<branch>/)
  })

  test('who have no Dockerfile, or a finished root file system, are blockers with a name', async () => {
    const world = new FakeWorld({
      'tool:1': { makers: [{ builder: 'oci-import' }] },
      'tool:2': { makers: [{ builder: 'buildkit' }] },
    })
    const plan = await world.plan(['tool:1', 'tool:2'])
    const [first] = blockersOf(plan, 'tool:1')
    assert.deepEqual(
      [first?.code, /finished root file system/.test(first?.problem ?? '')],
      ['no-dockerfile', true],
    )
    const [second] = blockersOf(plan, 'tool:2')
    assert.equal(second?.problem, 'there is no x/Dockerfile in https://example.org/0/tool:2')
  })

  test('end the plan only when the engine is lost or it is called off', async () => {
    for (const error of [
      failure('engine-unreachable', { address: 'unix:///x', problem: 'ENOENT' }),
      failure('canceled', { what: 'fetching' }),
      new TypeError('a fault'),
    ]) {
      const world = new FakeWorld({ 'tool:1': { makers: [{ fails: error }] } })
      await assert.rejects(world.plan('tool:1'), error)
    }
    const off = AbortSignal.abort(failure('canceled', { what: 'planning' }))
    await assert.rejects(new FakeWorld({ 'tool:1': here }).plan('tool:1', { signal: off }), (error) =>
      isFailure(error, 'canceled'),
    )
  })
})

describe('a graph of images', () => {
  test('has each one once, and needs before what needs them', async () => {
    const world = new FakeWorld({
      'app:1': { makers: [{ dockerfile: 'FROM left:1\nFROM right:1\n' }] },
      'left:1': { makers: [{ dockerfile: 'FROM base:1\n' }] },
      'right:1': { makers: [{ dockerfile: 'FROM base:1\nFROM left:1\n' }] },
      'base:1': { makers: [{ dockerfile: 'FROM debian:trixie\n' }] },
      'debian:trixie': elsewhere,
    })
    const plan = await world.plan(['app:1', 'base:1'])
    assert.deepEqual(hows(plan), [
      'debian:trixie ground',
      'base:1 build',
      'left:1 build',
      'right:1 build',
      'app:1 build',
    ])
    assert.deepEqual(plan.roots, ['app:1|linux/arm64', 'base:1|linux/arm64'])
    assert.equal(world.asked.filter((line) => line === 'present base:1 linux/arm64').length, 1)
  })

  test('keeps an image for two platforms apart', async () => {
    const world = new FakeWorld({
      'app:1': { makers: [{ dockerfile: 'FROM --platform=linux/amd64 node:24\nFROM node:24\n' }] },
      'node:24 for linux/amd64': { present: { image: 'sha256:amd', platform: amd64 } },
      'node:24 for linux/arm64': here,
    })
    const plan = await world.plan('app:1')
    assert.deepEqual(
      plan.nodes.map(({ id }) => id),
      ['node:24|linux/amd64', 'node:24|linux/arm64', 'app:1|linux/arm64'],
    )
    assert.deepEqual(
      nodeOf(plan, 'app:1').needs.map(({ node, platform }) => [node, platform]),
      [
        ['node:24|linux/amd64', 'linux/amd64'],
        ['node:24|linux/arm64', undefined],
      ],
    )
  })

  test('that leads back to itself is told as a circle', async () => {
    const world = new FakeWorld({
      'a:1': { makers: [{ dockerfile: 'FROM b:1\n' }] },
      'b:1': { makers: [{ dockerfile: 'FROM c:1\n' }] },
      'c:1': { makers: [{ dockerfile: 'FROM a:1\n' }] },
    })
    const plan = await world.plan('a:1')
    assert.deepEqual(hows(plan), ['c:1 blocked', 'b:1 blocked', 'a:1 blocked'])
    assert.deepEqual(
      blockersOf(plan, 'c:1').map(({ code, problem }) => [code, problem]),
      [['cycle', 'it is made from itself: a:1 -> b:1 -> c:1 -> a:1']],
    )
    assert.match(blockersOf(plan, 'a:1')[0]?.problem ?? '', /^it needs b:1, which cannot be had/)
  })

  test('that leads back to itself by one source goes on with the next one', async () => {
    const makers = [{ from: 'user', dockerfile: 'FROM node:24\n' }, { dockerfile: 'FROM base:1\n' }] as const
    const world = new FakeWorld({ 'node:24': { makers }, 'base:1': here })
    const node = nodeOf(await world.plan('node:24'), 'node:24')
    assert.ok(node.how === 'build' && node.origin.kind === 'repository')
    assert.equal(node.origin.from, 'library')
  })

  test('that is deeper than any stack is given up', async () => {
    const images: Record<string, Known> = {}
    for (let i = 0; i < 60; i++) images[`a:${i}`] = { makers: [{ dockerfile: `FROM a:${i + 1}\n` }] }
    const plan = await new FakeWorld(images).plan('a:0')
    const [deepest] = plan.nodes
    assert.ok(deepest && plan.nodes.length < 30)
    assert.deepEqual(codesOf(plan, deepest.reference), ['too-deep'])
  })

  test('that is wider than any stack is given up', async () => {
    const many = Array.from({ length: 1000 }, (_, i) => `a:${i}`)
    const images: Record<string, Known> = Object.fromEntries(many.map((name) => [name, here]))
    images['app:1'] = { makers: [{ dockerfile: many.map((name) => `FROM ${name}\n`).join('') }] }
    const world = new FakeWorld(images)
    const plan = await world.plan('app:1')
    assert.equal(nodeOf(plan, 'app:1').how, 'blocked')
    assert.ok(world.asked.length < 600, `${world.asked.length} questions`)
  })

  test('names the one that is missing, through all that is built on it', async () => {
    const world = new FakeWorld({
      'app:1': { makers: [{ dockerfile: 'FROM fine:1\nFROM mid:1\n' }] },
      'mid:1': { makers: [{ dockerfile: 'FROM gone:1\n' }] },
      'gone:1': {},
      'fine:1': here,
    })
    const plan = await world.plan('app:1')
    assert.deepEqual(
      hows(plan),
      ['gone:1 blocked', 'mid:1 blocked', 'app:1 blocked'],
      'the cause comes first',
    )
    assert.deepEqual(codesOf(plan, 'app:1'), ['base-blocked'])
    assert.match(
      blockersOf(plan, 'app:1')[0]?.problem ?? '',
      /it needs mid:1.*it needs gone:1.*nothing says how/,
    )
    assert.deepEqual(blockersOf(plan, 'gone:1')[0]?.offers, [
      'scratch:source add gone:1 <git-url>[#<ref>[:<directory>]]',
    ])
  })

  test('may have a name in it that is none', async () => {
    const world = new FakeWorld({ 'app:1': { makers: [{ dockerfile: 'FROM $NOTHING\n' }] } })
    const plan = await world.plan('app:1')
    assert.deepEqual(codesOf(plan, '$NOTHING'), ['no-name'])
    assert.equal(nodeOf(plan, 'app:1').how, 'blocked')
  })
})

describe('a step that will refuse the platform', () => {
  const refusal = {
    code: 'architecture-case',
    severity: 'blocks',
    line: 7,
    text: 'case "$arch" in',
    why: 'it ends for arm64',
    offers: ['ask its publisher'],
  } as const
  const images: Record<string, Known> = {
    'tool:1': { makers: [{ dockerfile: 'FROM base:1\nRUN case\n' }] },
    'base:1': here,
  }

  test('blocks with its file and line, and what can be done', async () => {
    const world = new FakeWorld(images)
    world.refusals = { 'RUN case': refusal }
    assert.deepEqual(blockersOf(await world.plan('tool:1'), 'tool:1'), [
      {
        code: 'architecture-case',
        problem: 'it ends for arm64',
        file: 'x/Dockerfile',
        line: 7,
        offers: ['ask its publisher'],
      },
    ])
  })

  test('that only may refuse is a warning, and one that is replaced is told as such', async () => {
    const world = new FakeWorld(images)
    world.refusals = { 'RUN case': { ...refusal, severity: 'may-block' } }
    const warned = nodeOf(await world.plan('tool:1'), 'tool:1')
    assert.ok(warned.how === 'build')
    assert.deepEqual([warned.warnings.length, warned.replacements.length], [1, 0])
    world.refusals = { 'RUN case': { ...refusal, replacement: 'RUN true' } }
    const replaced = nodeOf(await world.plan('tool:1'), 'tool:1')
    assert.ok(replaced.how === 'build')
    assert.deepEqual([replaced.warnings.length, replaced.replacements.length], [0, 1])
  })
})

describe('a substitute', () => {
  test('that was refused is named among the blockers, with how to allow it', async () => {
    const world = new FakeWorld({ 'jdk:21': { ...elsewhere, substitute: instead('debian:trixie') } })
    const plan = await world.plan('jdk:21', { substitutes: false })
    const [blocker, ...others] = blockersOf(plan, 'jdk:21')
    assert.deepEqual(others, [])
    assert.equal(blocker?.code, 'substitute-refused')
    assert.equal(blocker?.problem, 'It is another one. That was refused.')
    assert.match(blocker?.offers[0] ?? '', /--no-substitutes/)
  })

  test('does not take the place of what can be rebuilt', async () => {
    const world = new FakeWorld({
      'jdk:21': { makers: [{ dockerfile: 'FROM base:1\n' }], substitute: instead('debian:trixie') },
      'base:1': here,
    })
    assert.equal(nodeOf(await world.plan('jdk:21'), 'jdk:21').how, 'build')
  })

  test('takes the place of a suite that lacks the architecture', async () => {
    const lacking: Known = { ...elsewhere, substitute: instead('debian:trixie') }
    const world = new FakeWorld({ 'debian:bookworm': lacking, 'debian:trixie': elsewhere })
    const platform = parsePlatform('riscv64')
    assert.deepEqual(hows(await world.plan('debian:bookworm', { platform })), [
      'debian:trixie ground',
      'debian:bookworm substitute',
    ])
    const refused = await world.plan('debian:bookworm', { platform, substitutes: false })
    assert.deepEqual(codesOf(refused, 'debian:bookworm'), ['ground-lacking', 'substitute-refused'])
  })

  test('does not do for what relies on something it lacks, however far above', async () => {
    const substitute: Substitute = { ...instead('debian:trixie'), unfit: '\\bapk add\\b' }
    const world = new FakeWorld({
      'jdk:21': { ...elsewhere, substitute },
      'debian:trixie': elsewhere,
      'tool:1': { makers: [{ dockerfile: 'FROM jdk:21\nRUN make\n' }] },
      'fits:1': { makers: [{ dockerfile: 'FROM tool:1\nRUN make\n' }] },
      'not:1': { makers: [{ dockerfile: 'FROM tool:1\nRUN apk add git\n' }] },
    })
    assert.equal(nodeOf(await world.plan('fits:1'), 'fits:1').how, 'build')
    const plan = await world.plan('not:1')
    assert.deepEqual(codesOf(plan, 'not:1'), ['substitute-unfit'])
    assert.match(blockersOf(plan, 'not:1')[0]?.problem ?? '', /relies on something of tool:1/)
  })

  test('that is copied from may fail beside an older C library', async () => {
    const substitute: Substitute = {
      id: 'row',
      reason: 'It is another one.',
      source: 'https://example.org',
      kind: 'dockerfile',
      dockerfile: 'FROM debian:trixie\n',
    }
    const world = new FakeWorld({
      'jdk:21': { ...elsewhere, substitute },
      'debian:trixie': elsewhere,
      'base:1': here,
      'copies:1': { makers: [{ dockerfile: 'FROM base:1\nCOPY --from=jdk:21 /jdk /jdk\n' }] },
      'starts:1': { makers: [{ dockerfile: 'FROM jdk:21\n' }] },
    })
    const warningsOf = async (image: string) => {
      const node = nodeOf(await world.plan(image), image)
      return node.how === 'build' ? node.warnings.map(({ code }) => code) : []
    }
    assert.deepEqual(await warningsOf('copies:1'), ['substitute-copied'])
    assert.deepEqual(await warningsOf('starts:1'), [])
  })

  test('that cannot be had itself leaves what was in the way before', async () => {
    const world = new FakeWorld({ 'jdk:21': { substitute: instead('gone:1') }, 'gone:1': {} })
    assert.deepEqual(codesOf(await world.plan('jdk:21'), 'jdk:21'), ['no-source'])
  })

  test('is never looked for where the image is not an official one', async () => {
    const world = new FakeWorld({ 'owner/jdk:21': {} })
    await world.plan('owner/jdk:21')
    assert.ok(!world.asked.some((line) => line.startsWith('substitute')))
  })
})

describe('a root file system of another processor', () => {
  const trixie = { id: 'debian', version: 'trixie' }
  const dockerfile = 'FROM scratch\nADD rootfs.tar.xz /\nCMD ["bash"]\n'
  const images: Record<string, Known> = { 'owner/root:1': { makers: [{ from: 'user', dockerfile }] } }

  test('becomes a ground of its distribution, for this one', async () => {
    const world = new FakeWorld(images)
    world.archives = { 'rootfs.tar.xz': { platforms: [amd64], distribution: trixie } }
    const node = nodeOf(await world.plan('owner/root:1'), 'owner/root:1')
    assert.ok(node.how === 'ground')
    assert.deepEqual([node.ground.kind, node.ground.suite, node.ground.platform], ['debian', 'trixie', arm64])
    assert.match(
      node.reasons.at(-1) ?? '',
      /rootfs\.tar\.xz is a root file system for linux\/amd64, so in its place/,
    )
  })

  test('blocks when its distribution is not known, or has no such architecture', async () => {
    const world = new FakeWorld(images)
    for (const distribution of [
      undefined,
      { id: 'gentoo', version: '2.17' },
      { id: 'debian', version: 'buster' },
    ]) {
      world.archives = { 'rootfs.tar.xz': { platforms: [amd64], distribution } }
      const [blocker] = blockersOf(await world.plan('owner/root:1'), 'owner/root:1')
      assert.equal(blocker?.code, 'root-architecture')
      assert.equal(blocker?.problem, 'rootfs.tar.xz is a root file system for linux/amd64')
    }
  })

  test('blocks when more is done to it, for a ground would lack that', async () => {
    const world = new FakeWorld({ 'owner/root:1': { makers: [{ dockerfile: `${dockerfile}RUN make\n` }] } })
    world.archives = { 'rootfs.tar.xz': { platforms: [amd64], distribution: trixie } }
    assert.deepEqual(codesOf(await world.plan('owner/root:1'), 'owner/root:1'), ['root-architecture'])
  })

  test('is none when it fits, or holds no program', async () => {
    const world = new FakeWorld(images)
    for (const platforms of [[armv7, arm64], undefined]) {
      world.archives = { 'rootfs.tar.xz': { platforms, distribution: trixie } }
      assert.equal(nodeOf(await world.plan('owner/root:1'), 'owner/root:1').how, 'build')
    }
  })
})

describe('the key of a build', () => {
  const images = (base: Known): Record<string, Known> => ({
    'app:1': { makers: [{ dockerfile: 'FROM base:1\n' }] },
    'base:1': base,
  })

  test('is not known before its base is there', async () => {
    const plan = await new FakeWorld(images({ makers: [{ dockerfile: 'FROM scratch\n' }] })).plan('app:1')
    const [base, app] = plan.nodes
    assert.ok(base?.how === 'build' && app?.how === 'build')
    assert.match(base.key ?? '', /^[0-9a-f]{32}$/, 'nothing has to be there for this one')
    assert.deepEqual([app.key, app.image], [undefined, undefined])
  })

  test('is of its Dockerfile, its context, the platform and the images it is built on', async () => {
    const world = new FakeWorld(images(here))
    const key = buildKey({
      dockerfile: 'FROM base:1\n',
      context: 'content of app:1',
      platform: arm64,
      bases: { 'base:1|': 'sha256:here' },
    })
    world.made = async (asked) => (asked === key ? 'sha256:made' : undefined)
    const node = nodeOf(await world.plan('app:1'), 'app:1')
    assert.ok(node.how === 'build')
    assert.deepEqual([node.key, node.image], [key, 'sha256:made'])
  })

  test('is known through a ground that was made, and through a substitute', async () => {
    const world = new FakeWorld({
      'app:1': { makers: [{ dockerfile: 'FROM jdk:21\n' }] },
      'jdk:21': { substitute: instead('debian:trixie') },
      'debian:trixie': {},
    })
    world.made = async (key) => (key.startsWith('key of debian') ? 'sha256:ground' : undefined)
    const node = nodeOf(await world.plan('app:1'), 'app:1')
    assert.ok(node.how === 'build')
    const bases = { 'jdk:21|': 'sha256:ground' }
    const inputs = { dockerfile: 'FROM jdk:21\n', context: 'content of app:1', platform: arm64, bases }
    assert.equal(node.key, buildKey(inputs))
  })
})

describe('a digest', () => {
  test('that is on the engine, or published, is what is had', async () => {
    const image = `node@${DIGEST}`
    const world = new FakeWorld({
      [image]: { published: { state: 'published', platform: arm64, digest: DIGEST } },
    })
    assert.deepEqual(hows(await world.plan(image)), [`${image} pull`])
  })

  test('beside a tag does not keep an image from being made, and it is said that it will be another', async () => {
    const image = `debian:trixie@${DIGEST}`
    const node = nodeOf(await new FakeWorld({ [image]: elsewhere }).plan(image), image)
    assert.equal(node.how, 'ground')
    assert.ok(node.reasons.includes('what is made here cannot have the digest that is asked for'))
  })

  test('alone is never answered with something else', async () => {
    const image = `debian@${DIGEST}`
    assert.deepEqual(codesOf(await new FakeWorld({ [image]: elsewhere }).plan(image), image), ['no-source'])
  })
})
