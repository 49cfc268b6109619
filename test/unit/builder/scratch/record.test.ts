import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import type { PlanNode } from '../../../../src/builder/scratch/plan.ts'
import { recordOf } from '../../../../src/builder/scratch/record.ts'
import { COMMIT, FakeWorld, type Known } from './fake-world.ts'

/** The last node of a plan: the image itself. */
async function nodeOf(known: Known): Promise<PlanNode> {
  const plan = await new FakeWorld({ 'debian:trixie': known }).plan('debian:trixie')
  return plan.nodes.at(-1) ?? assert.fail('an empty plan')
}

test('what an image was made from is kept: its source, and its Dockerfile by the digest', async () => {
  const dockerfile = 'FROM scratch\n'
  const world = new FakeWorld({ 'tool:1': { makers: [{ from: 'user', dockerfile }] } })
  const [node] = (await world.plan('tool:1')).nodes
  assert.ok(node)
  const record = recordOf(node, { bases: { 'base:1|': 'sha256:1' } })
  assert.deepEqual(record.source, {
    repository: 'https://example.org/0/tool:1',
    commit: COMMIT,
    directory: 'x',
    file: 'Dockerfile',
    saidBy: 'user',
  })
  assert.equal(record.dockerfile, `sha256:${createHash('sha256').update(dockerfile).digest('hex')}`)
  assert.deepEqual(record.bases, { 'base:1|': 'sha256:1' })
  assert.deepEqual([record.image, record.platform, record.how], ['tool:1', 'linux/arm64', 'build'])
  assert.deepEqual(JSON.parse(JSON.stringify(record)), record)
})

test('a step that was replaced is named with its line and why', async () => {
  const world = new FakeWorld({ 'tool:1': { makers: [{ dockerfile: 'FROM scratch\nRUN gosu\n' }] } })
  const common = { code: 'x', severity: 'blocks', line: 2, text: 'RUN gosu', offers: [] } as const
  world.refusals = { 'RUN gosu': { ...common, why: 'it has no arm64', replacement: 'RUN true' } }
  const [node] = (await world.plan('tool:1')).nodes
  assert.ok(node)
  assert.deepEqual(recordOf(node, {}).replacedSteps, [{ line: 2, why: 'it has no arm64' }])
})

test('of a ground what it was made of is kept, and of a substitute which one', async () => {
  const ground = recordOf(await nodeOf({}), { packages: ['bash 5.2'] })
  assert.deepEqual([ground.how, ground.packages, ground.source], ['ground', ['bash 5.2'], undefined])
  const substitute = {
    id: 'jdk',
    reason: 'x',
    source: 'https://example.org',
    kind: 'dockerfile',
    dockerfile: 'FROM scratch\n',
  } as const
  const [node] = (await new FakeWorld({ 'jdk:21': { substitute } }).plan('jdk:21')).nodes
  assert.ok(node)
  const record = recordOf(node, {})
  assert.deepEqual([record.substitute, record.source], ['jdk', undefined])
})
