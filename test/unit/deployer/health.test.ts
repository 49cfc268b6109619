import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type Docker from 'dockerode'
import { diagnose } from '../../../src/deployer/diagnosis.ts'
import { ailmentOf, checkFor } from '../../../src/deployer/health.ts'
import { observe } from '../../../src/deployer/observe.ts'

const web = { type: 'web', index: 1, command: 'serve' }
const worker = { type: 'worker', index: 1, command: 'work' }

describe('the check of a container', () => {
  test("is the image's HEALTHCHECK, a TCP connection for web, or else time", () => {
    assert.deepEqual(checkFor(web, ['CMD', 'a', 'b'], [5000], 9), { kind: 'image', command: ['a', 'b'] })
    assert.deepEqual(checkFor(web, ['CMD-SHELL', 'a b'], [5000], 9), {
      kind: 'image',
      command: ['/bin/sh', '-c', 'a b'],
    })
    assert.deepEqual(checkFor(web, ['NONE'], [5000], 9), { kind: 'tcp', ports: [5000] })
    assert.deepEqual(checkFor(web, undefined, [5000], 9), { kind: 'tcp', ports: [5000] })
    assert.deepEqual(checkFor(web, undefined, [], 9), { kind: 'uptime', duration: 9 })
    assert.deepEqual(checkFor(worker, ['CMD', 'a'], [5000], 9), { kind: 'uptime', duration: 9 })
    assert.equal(checkFor({ ...worker, command: null }, ['CMD', 'a'], [], 9).kind, 'image')
  })

  const state = (more: object, RestartCount = 0) =>
    ({
      State: { Running: true, Restarting: false, ExitCode: 0, OOMKilled: false, Error: '', ...more },
      RestartCount,
    }) as Docker.ContainerInspectInfo

  test('fails at once when the container is gone, ended, restarts, or Docker calls it unhealthy', () => {
    assert.equal(ailmentOf(state({})), undefined)
    assert.equal(ailmentOf(undefined)?.kind, 'gone')
    assert.deepEqual(ailmentOf(state({ Running: false, ExitCode: 3 })), {
      kind: 'exited',
      status: 3,
      outOfMemory: false,
      error: '',
    })
    assert.equal(ailmentOf(state({ Restarting: true }))?.kind, 'exited')
    assert.equal(ailmentOf(state({}, 1))?.kind, 'exited')
    assert.equal(ailmentOf(state({ Health: { Status: 'starting' } })), undefined)
    assert.deepEqual(ailmentOf(state({ Health: { Status: 'unhealthy', Log: [{ Output: 'no\n' }] } })), {
      kind: 'check-failed',
      output: 'no',
    })
  })
})

describe('the diagnosis', () => {
  const told = (ports: [number, boolean][] | undefined, wanted = 5000) =>
    diagnose(
      { kind: 'port-closed', port: 5000, after: 60_000, pid: 1 },
      {
        app: 'shop',
        memory: null,
        port: wanted,
        wrote: true,
        sockets: ports?.map(([port, loopback]) => ({ port, loopback, listens: true })),
      },
    )

  test('names the port that the app listens on instead, and what to write', () => {
    const { problem, hint } = told([
      [8080, false],
      [9000, true],
    ])
    assert.equal(problem, 'nothing listens on port 5000 after 60 s; the app listens on 8080')
    assert.match(hint, /EXPOSE 8080 .* ports:set shop http:<port>:8080/)
  })

  test('tells a port that a mapping leads to from the one in $PORT', () => {
    const { problem, hint } = told([[8080, false]], 8080)
    assert.match(problem, /port 5000 .* listens on 8080/)
    assert.match(hint, /ports:remove shop <scheme>:<port>:5000/)
  })

  test('tells an app that only listens inside its container', () => {
    assert.match(told([[5000, true]]).problem, /127\.0\.0\.1/)
    assert.match(told([[5000, true]]).hint, /0\.0\.0\.0/)
  })

  test('says so when the app listens nowhere, and says nothing of it when that cannot be seen', () => {
    assert.match(told([]).problem, /nor on any other/)
    assert.equal(told(undefined).problem, 'nothing listens on port 5000 after 60 s')
  })

  test('tells want of memory from an exit, and explains statuses that mean something', () => {
    const exited = (status: number, outOfMemory = false) =>
      diagnose(
        { kind: 'exited', status, outOfMemory, error: '' },
        { app: 'shop', memory: 2 ** 26, port: 5000, sockets: undefined, wrote: false },
      )
    assert.match(exited(137, true).problem, /memory \(its limit is 64\.0 MiB\)/)
    assert.match(exited(137).problem, /137 \(SIGKILL\)/)
    assert.match(exited(127).hint, /not found in the image/)
    assert.doesNotMatch(exited(1).hint, /above/, 'it wrote nothing')
  })
})

describe('an observed container', () => {
  const info = (more: object) =>
    ({
      Id: 'id',
      Names: ['/crew-x.shop.web.1.2-beef'],
      ImageID: 'sha256:1',
      State: 'running',
      Status: 'Up 3 seconds (health: starting)',
      Labels: {
        'crew.app-id': '1',
        'crew.release': '1',
        'crew.deployment': '2',
        'crew.process': 'web',
        'crew.index': '1',
      },
      NetworkSettings: { Networks: { net: { IPAMConfig: { IPv4Address: '10.0.0.2' }, IPAddress: '' } } },
      ...more,
    }) as unknown as Docker.ContainerInfo

  test('is read from its labels and from the address it was given, also when it is stopped', () => {
    const { name, deployment, health, address } = observe(info({}), 'net')
    assert.deepEqual(
      { name, deployment, health, address },
      {
        name: 'crew-x.shop.web.1.2-beef',
        deployment: 2,
        health: 'starting',
        address: '10.0.0.2',
      },
    )
    assert.equal(observe(info({ Status: 'Up 2 hours (unhealthy)' }), 'net').health, 'unhealthy')
    assert.equal(observe(info({ Status: 'Up 2 hours' }), 'net').health, 'none')
  })

  test('with broken labels, or off the network, equals nothing that is wanted', () => {
    const { appId, deployment, address } = observe(info({ Labels: { 'crew.deployment': 'x' } }), 'other')
    assert.ok(Number.isNaN(appId) && Number.isNaN(deployment))
    assert.equal(address, null)
  })
})
