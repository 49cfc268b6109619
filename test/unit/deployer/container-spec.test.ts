import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveProperties } from '../../../src/config/properties.ts'
import { loadSettings } from '../../../src/config/settings.ts'
import { parseAppName, type Release } from '../../../src/core/app.ts'
import { containerOptions } from '../../../src/deployer/container-spec.ts'
import { processCommand } from '../../../src/deployer/process-command.ts'

const settings = loadSettings({ file: '' })
const name = parseAppName('shop')
const release: Release = {
  app: name,
  number: 7,
  state: 'deploying',
  cause: 'push',
  commit: 'c'.repeat(40),
  image: 'sha256:abc',
  config: { SECRET: 's3cret', PORT: '1' },
  processes: [],
  port: 5000,
  who: 'me',
  createdAt: '',
  endedAt: null,
  note: '',
}

const options = (
  properties: Record<string, string> = {},
  slot = { type: 'web', index: 2, command: 'serve $PORT' },
) =>
  containerOptions({
    instance: 'abc123',
    app: { id: 12, name, createdAt: '', stopped: false, live: null },
    release,
    deployment: 9,
    slot,
    network: 'crew-abc123',
    address: '10.213.0.7',
    suffix: 'beef',
    init: true,
    properties: resolveProperties(properties, settings),
    settings,
  })

describe('the options of a container', () => {
  test('name it and label it so that it is known after a crash', () => {
    const { name, Labels } = options()
    assert.equal(name, 'crew-abc123.shop.web.2.9-beef')
    assert.deepEqual(Labels, {
      'crew.instance': 'abc123',
      'crew.app-id': '12',
      'crew.app': 'shop',
      'crew.release': '7',
      'crew.commit': 'c'.repeat(40),
      'crew.deployment': '9',
      'crew.process': 'web',
      'crew.index': '2',
    })
  })

  test('give it an address that stays', () => {
    assert.deepEqual(options().NetworkingConfig, {
      EndpointsConfig: { 'crew-abc123': { IPAMConfig: { IPv4Address: '10.213.0.7' } } },
    })
  })

  test('tell it the port of the release, over one of the configuration, and keep secrets out of the command', () => {
    const { Env, Cmd } = options()
    assert.deepEqual(Env, ['SECRET=s3cret', 'PORT=5000'])
    assert.deepEqual(Cmd, ['/bin/sh', '-c', 'exec serve $PORT'])
  })

  test('limit memory without swap, processors, processes and logs', () => {
    const { HostConfig } = options({ 'resource.memory': '256m', 'resource.cpu': '1.5' })
    assert.equal(HostConfig?.Memory, 2 ** 28)
    assert.equal(HostConfig?.MemorySwap, 2 ** 28)
    assert.equal(HostConfig?.NanoCpus, 1.5e9)
    assert.equal(HostConfig?.PidsLimit, 4096)
    assert.equal(options().HostConfig?.Memory, undefined)
  })

  test("leave the image's HEALTHCHECK to the processes that it is about", () => {
    assert.equal(options().Healthcheck, undefined)
    assert.deepEqual(options({}, { type: 'worker', index: 1, command: 'work' }).Healthcheck, {
      Test: ['NONE'],
    })
  })
})

describe('a command of a Procfile', () => {
  for (const [command, expected] of [
    ['node server.js --port=5000', ['node', 'server.js', '--port=5000']],
    ['  app.py   now ', ['app.py', 'now']],
    ['serve -p $PORT', ['/bin/sh', '-c', 'exec serve -p $PORT']],
    ['serve "a b" 2>&1', ['/bin/sh', '-c', 'exec serve "a b" 2>&1']],
    [`serve "a; b" --at $\{PORT}`, ['/bin/sh', '-c', `exec serve "a; b" --at $\{PORT}`]],
    ['migrate && serve', ['/bin/sh', '-c', 'migrate && serve']],
    ['FOO=bar serve', ['/bin/sh', '-c', 'FOO=bar serve']],
    ['cd app', ['/bin/sh', '-c', 'cd app']],
    ['exec serve $PORT', ['/bin/sh', '-c', 'exec serve $PORT']],
    ['(serve)', ['/bin/sh', '-c', '(serve)']],
    ['serve $(nproc)', ['/bin/sh', '-c', 'serve $(nproc)']],
  ] as const) {
    test(`${JSON.stringify(command)} is started as ${JSON.stringify(expected)}`, () => {
      assert.deepEqual(processCommand(command), expected)
    })
  }
})
