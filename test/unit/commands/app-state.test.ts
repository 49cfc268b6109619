import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appState } from '../../../src/commands/app-state.ts'
import type { Health } from '../../../src/deployer/observe.ts'

const live = { live: { release: 1, deployment: 1 }, stopped: false }
const one = (state: string, health: Health = 'none', type = 'web', current = true) => ({
  type,
  state,
  health,
  current,
})

test('an app without a live release is not deployed, whatever runs', () => {
  assert.equal(appState({ live: null, stopped: false }, [one('running')], { web: 1 }), 'not-deployed')
})

test('an app that was stopped, or scaled to nothing, is stopped, even without an engine', () => {
  assert.equal(appState({ ...live, stopped: true }, null, { web: 1 }), 'stopped')
  assert.equal(appState(live, [], { web: 0 }), 'stopped')
})

test('an app whose engine does not answer is in an unknown state', () => {
  assert.equal(appState(live, null, { web: 1 }), 'unknown')
})

test('an app runs when every process type has as many healthy containers as it should', () => {
  assert.equal(
    appState(live, [one('running'), one('running', 'healthy', 'worker')], { web: 1, worker: 1 }),
    'running',
  )
  assert.equal(appState(live, [one('running'), one('running')], { web: 1, worker: 1 }), 'degraded')
})

test('containers on their way up make a starting app', () => {
  assert.equal(appState(live, [one('running', 'starting')], { web: 1 }), 'starting')
  assert.equal(appState(live, [one('created')], { web: 1 }), 'starting')
})

test('some up and some down make a degraded app, all down a crashed one', () => {
  assert.equal(appState(live, [one('running'), one('restarting')], { web: 2 }), 'degraded')
  assert.equal(appState(live, [one('running', 'unhealthy')], { web: 1 }), 'crashed')
  assert.equal(appState(live, [one('exited')], { web: 1 }), 'crashed')
  assert.equal(appState(live, [], { web: 1 }), 'crashed')
})

test('containers that only drain do not count', () => {
  assert.equal(appState(live, [one('running', 'none', 'web', false)], { web: 1 }), 'crashed')
})
