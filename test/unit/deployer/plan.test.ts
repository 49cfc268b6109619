import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkCounts, wantedCounts, wantedSlots } from '../../../src/deployer/formation.ts'
import type { Observed } from '../../../src/deployer/observe.ts'
import { isSettled, type Plan, plan } from '../../../src/deployer/plan.ts'

const container = (id: string, more: Partial<Observed> = {}): Observed => ({
  id,
  name: id,
  appId: 1,
  release: 1,
  deployment: 1,
  type: 'web',
  index: 1,
  image: 'sha256:1',
  state: 'running',
  health: 'none',
  address: '10.0.0.2',
  ...more,
})

const slot = (type: string, index: number) => ({ type, index, command: null })

const shown = ({ keep, start, create, retire }: Plan) => ({
  keep: keep.map(({ id }) => id),
  start: start.map(({ id }) => id),
  create: create.map(({ type, index }) => `${type}.${index}`),
  retire: retire.map(({ id }) => id),
})

describe('the formation', () => {
  const processes = [
    { type: 'web', command: 'serve' },
    { type: 'worker', command: 'work' },
  ]

  test('has one web and none of the others until ps:scale says so', () => {
    assert.deepEqual(
      [...wantedCounts(processes, {})],
      [
        ['web', 1],
        ['worker', 0],
      ],
    )
    assert.deepEqual(
      [...wantedCounts(processes, { web: 0, worker: 2 })],
      [
        ['web', 0],
        ['worker', 2],
      ],
    )
  })

  test("has one of the image's own command, whatever its type", () => {
    assert.deepEqual([...wantedCounts([{ type: 'worker', command: null }], {})], [['worker', 1]])
  })

  test('counts the slots of each type from 1, and forgets types the release does not have', () => {
    const slots = wantedSlots(processes, { web: 2, clock: 3 })
    assert.deepEqual(
      slots.map(({ type, index }) => `${type}.${index}`),
      ['web.1', 'web.2'],
    )
  })

  test('refuses counts that are no count, and types that are not there', () => {
    for (const count of [-1, 1.5, 51, Number.NaN])
      assert.throws(() => checkCounts({ web: count }, processes), { code: 'value-invalid' })
    assert.throws(() => checkCounts({ clock: 1 }, processes), { code: 'not-found', hint: /web, worker/ })
    checkCounts({ clock: 1 }, undefined)
  })
})

describe('the plan', () => {
  test('of a new deployment makes everything new and retires what ran', () => {
    const result = plan([container('old')], { deployment: 2, slots: [slot('web', 1), slot('web', 2)] })
    assert.deepEqual(shown(result), { keep: [], start: [], create: ['web.1', 'web.2'], retire: ['old'] })
  })

  test('of the same deployment touches only what differs', () => {
    const result = plan(
      [container('one'), container('two', { index: 2 }), container('three', { index: 3 })],
      { deployment: 1, slots: [slot('web', 1), slot('web', 2), slot('worker', 1)] },
    )
    assert.deepEqual(shown(result), {
      keep: ['one', 'two'],
      start: [],
      create: ['worker.1'],
      retire: ['three'],
    })
  })

  test('starts what is stopped, and replaces what cannot be started or reached', () => {
    const result = plan(
      [
        container('stopped', { state: 'exited' }),
        container('dead', { index: 2, state: 'dead' }),
        container('off-network', { index: 3, address: null }),
        container('strange', { index: 4, state: 'a state of tomorrow' }),
        container('restarting', { index: 5, state: 'restarting' }),
      ],
      { deployment: 1, slots: [1, 2, 3, 4, 5].map((index) => slot('web', index)) },
    )
    assert.deepEqual(shown(result), {
      keep: ['restarting'],
      start: ['stopped'],
      create: ['web.2', 'web.3', 'web.4'],
      retire: ['dead', 'off-network', 'strange'],
    })
  })

  test('keeps the one that runs when a crash left two of a slot', () => {
    const result = plan([container('a', { state: 'created' }), container('b')], {
      deployment: 1,
      slots: [slot('web', 1)],
    })
    assert.deepEqual(shown(result), { keep: ['b'], start: [], create: [], retire: ['a'] })
  })

  test('retires all when nothing is wanted, and what has broken labels', () => {
    assert.deepEqual(shown(plan([container('a')], null)).retire, ['a'])
    const broken = container('b', { deployment: Number.NaN, index: Number.NaN })
    assert.deepEqual(shown(plan([broken], { deployment: 1, slots: [] })).retire, ['b'])
  })

  test('is settled when there is nothing to do', () => {
    assert.ok(isSettled(plan([container('a')], { deployment: 1, slots: [slot('web', 1)] })))
    assert.ok(!isSettled(plan([], { deployment: 1, slots: [slot('web', 1)] })))
  })
})
