import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { commandOf, type Observed, plan } from '../../../../src/host/router/plan.ts'
import type { Topology } from '../../../../src/host/router/topology.ts'

const server = (name: string, last: number, port = 5000) => ({ name, address: `10.0.0.${last}`, port })

const wanted = (
  servers: Topology['backends'][number]['servers'],
  hosts: Record<string, string> = {},
): Topology => ({
  http: { host: '0.0.0.0', port: 80 },
  listeners: [],
  backends: [{ name: 'app1_web', mode: 'http', servers }],
  hosts: new Map(Object.entries(hosts)),
})

const observed = (more: Partial<Observed> = {}): Observed => ({
  backends: new Set(['app1_web', 'unknown']),
  servers: [{ backend: 'app1_web', ...server('old', 2), ready: true }],
  hosts: new Map([['a.b', 'app1_web']]),
  ...more,
})

const hosts = { 'a.b': 'app1_web' }

describe('the plan', () => {
  it('is empty when all is as wanted', () => {
    assert.deepEqual(plan(observed(), wanted([server('old', 2)], hosts)), [])
  })

  it('brings the new server in before the old one stops taking requests', () => {
    assert.deepEqual(
      plan(observed(), wanted([server('young', 3)], hosts)).map((step) => commandOf(step).command),
      [
        'add server app1_web/young 10.0.0.3:5000 pool-purge-delay 500ms',
        'set server app1_web/young state ready',
        'set server app1_web/old state drain',
      ],
    )
  })

  it('finishes what a daemon that died had begun', () => {
    const half = observed({
      servers: [
        { backend: 'app1_web', ...server('old', 2), ready: false },
        { backend: 'app1_web', ...server('young', 3), ready: false },
      ],
    })
    assert.deepEqual(plan(half, wanted([server('young', 3)], hosts)), [
      { do: 'ready', backend: 'app1_web', name: 'young' },
    ])
  })

  it('gives a server its new address and port', () => {
    assert.deepEqual(
      plan(observed(), wanted([server('old', 2, 3000)], hosts)).map((step) => commandOf(step).command),
      ['set server app1_web/old addr 10.0.0.2 port 3000'],
    )
  })

  it('adds, changes and removes host names', () => {
    const now = observed({ hosts: new Map(Object.entries({ 'a.b': 'app2_web', 'gone.b': 'app1_web' })) })
    assert.deepEqual(
      plan(now, wanted([server('old', 2)], { 'a.b': 'app1_web', 'new.b': 'app1_web' })).map(
        (step) => commandOf(step).command,
      ),
      ['set map hosts.map a.b app1_web', 'add map hosts.map new.b app1_web', 'del map hosts.map gone.b'],
    )
  })

  it('leaves out a backend that only a reload can bring', () => {
    const now = observed({ backends: new Set(), servers: [], hosts: new Map() })
    assert.deepEqual(plan(now, wanted([server('young', 3)])), [])
  })
})
