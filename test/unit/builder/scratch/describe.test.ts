import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeHow, planJson, planLines, planSummary } from '../../../../src/builder/scratch/describe.ts'
import { blockersOf, isToMake, warningsOf } from '../../../../src/builder/scratch/plan.ts'
import { parsePlatform } from '../../../../src/core/platform.ts'
import { arm64, FakeWorld, type Known } from './fake-world.ts'

const MAY_BLOCK = {
  code: 'prebuilt-download',
  severity: 'may-block',
  line: 3,
  text: 'RUN curl',
  why: 'it fetches a finished program',
  offers: [],
} as const
const BLOCKS = { ...MAY_BLOCK, severity: 'blocks', offers: ['ask its publisher'] } as const

const images: Record<string, Known> = {
  'app:1': { makers: [{ from: 'user', dockerfile: 'FROM node:24\nFROM jdk:21\nFROM base:1\n' }] },
  'node:24': { published: { state: 'published', platform: parsePlatform('arm64'), digest: 'sha256:1' } },
  'jdk:21': {
    substitute: {
      id: 'jdk',
      reason: 'It is another one.',
      source: 'https://example.org',
      kind: 'image',
      reference: 'debian:trixie',
    },
  },
  'debian:trixie': { published: { state: 'absent' } },
  'base:1': { present: { image: 'sha256:2', platform: arm64 } },
}

test('a plan is told from the ground up, each image with its state and reasons', async () => {
  const plan = await new FakeWorld(images).plan('app:1')
  assert.equal(planSummary(plan), '2 images to make here, 3 there or published')
  assert.deepEqual(
    planLines(plan).map(({ kind, text }) => `${kind} ${text}`),
    [
      'node pull    node:24 (linux/arm64): published for linux/arm64',
      'reason its registry has it for linux/arm64',
      'node make    debian:trixie (linux/arm64): made here: debian trixie',
      'reason its registry has no such image',
      'reason made here: debian trixie for arm64',
      'node instead jdk:21 (linux/arm64): substitute jdk',
      'reason its registry has no such image',
      'reason substitute: It is another one.',
      'node there   base:1 (linux/arm64): there already',
      'reason on the engine, for linux/arm64',
      'node make    app:1 (linux/arm64): built from https://example.org/0/app:1 (x)',
      'reason its registry has no such image',
      'reason the source that was given for it: https://example.org/0/app:1 at dbddc3f1dbdd, x/Dockerfile',
    ],
  )
})

test('what is in the way comes last, with its place and what can be done', async () => {
  const world = new FakeWorld({
    'app:1': { makers: [{ dockerfile: 'FROM base:1\nRUN curl\n' }] },
    'base:1': images['base:1'] ?? {},
  })
  world.refusals = { 'RUN curl': BLOCKS }
  const plan = await world.plan('app:1')
  assert.equal(planSummary(plan), 'blocked: 1 image cannot be had')
  assert.deepEqual(planLines(plan).slice(-2), [
    { kind: 'blocker', text: 'app:1: it fetches a finished program (x/Dockerfile, line 3)' },
    { kind: 'offer', text: 'ask its publisher' },
  ])
  assert.equal(blockersOf(plan).length, 1)
  world.refusals = { 'RUN curl': MAY_BLOCK }
  const warned = await world.plan('app:1')
  const last = planLines(warned).at(-1)
  assert.equal(last?.kind, 'warning')
  assert.match(last?.text ?? '', /^app:1 .*line 3: it fetches a finished program$/)
  assert.equal(warningsOf(warned).length, 1)
})

test('what was made before is no work', async () => {
  const world = new FakeWorld({ 'debian:trixie': {} })
  world.made = async () => 'sha256:3'
  const plan = await world.plan('debian:trixie')
  assert.equal(planSummary(plan), 'nothing to make: every image is there or published')
  assert.match(planLines(plan)[0]?.text ?? '', /^cached {2}debian:trixie/)
  assert.deepEqual(plan.nodes.filter(isToMake), [])
})

test('a program reads the same from JSON', async () => {
  const json = planJson(await new FakeWorld(images).plan('app:1'))
  assert.deepEqual(JSON.parse(JSON.stringify(json)), json, 'nothing in it is lost on the way')
  assert.equal(json.buildable, true)
  assert.deepEqual(json.roots, ['app:1'])
  const [node, ground, substitute, present, app] = json.nodes
  assert.deepEqual(
    [node, ground, substitute, present, app].map((each) => [each?.how, each?.state]),
    [
      ['pull', 'pull'],
      ['ground', 'make'],
      ['substitute', 'instead'],
      ['present', 'there'],
      ['build', 'make'],
    ],
  )
  assert.deepEqual(app?.needs, ['node:24 linux/arm64', 'jdk:21 linux/arm64', 'base:1 linux/arm64'])
  assert.ok(app && 'source' in app)
  assert.equal(app.source?.saidBy, 'user')
  assert.ok(ground && 'ground' in ground)
  assert.equal(ground.ground?.suite, 'trixie')
})

test('a plan that is blocked says so to a program too', async () => {
  const json = planJson(await new FakeWorld({ 'gone:1': {} }).plan('gone:1'))
  assert.equal(json.buildable, false)
  const [node] = json.nodes
  assert.equal(node?.state, 'blocked')
  assert.deepEqual(
    node?.blockers.map(({ code, file, line, offers }) => [code, file, line, offers.length]),
    [['no-source', null, null, 1]],
  )
})

test('a substitute that is built is called one', async () => {
  const substitute = {
    id: 'jdk',
    reason: 'x',
    source: 'https://example.org',
    kind: 'dockerfile',
    dockerfile: 'FROM scratch\n',
  } as const
  const plan = await new FakeWorld({ 'jdk:21': { substitute } }).plan('jdk:21')
  assert.deepEqual(plan.nodes.map(describeHow), ['substitute jdk'])
  const [node] = planJson(plan).nodes
  assert.ok(node && 'substitute' in node)
  assert.equal(node.substitute, 'jdk')
})
