import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bench, web } from './harness.ts'

test('status tells what runs where', async () => {
  using bench = new Bench()
  const node = bench.app('node', web)
  bench.app('idle')
  bench.container(node)
  assert.equal(
    await bench.out(['status']),
    [
      '=====> Crew 0.1.0',
      '       Root:                          /var/lib/crew',
      '       SSH:                           0.0.0.0:2222',
      '       Router:                        http://0.0.0.0:8080',
      '       Engine:                        Docker 20.10.24 (linux/arm64)',
      '       Started at:                    2026-01-01T00:00:00.000Z',
      '       Process id:                    42',
      '       Memory:                        64.0 MiB',
      '=====> My Apps',
      '       idle  not-deployed',
      '       node  running       http://node.localhost:8080',
      '',
    ].join('\n'),
  )
  assert.deepEqual(await bench.json(['status']), {
    version: '0.1.0',
    root: '/var/lib/crew',
    ssh: { host: '0.0.0.0', port: 2222 },
    router: { http: 'http://0.0.0.0:8080' },
    engine: { version: '20.10.24', platform: 'linux/arm64' },
    startedAt: '2026-01-01T00:00:00.000Z',
    pid: 42,
    memory: 67108864,
    apps: [
      { name: 'idle', state: 'not-deployed', urls: [] },
      { name: 'node', state: 'running', urls: ['http://node.localhost:8080'] },
    ],
  })
})

test('status works without an engine', async () => {
  using bench = new Bench()
  bench.app('node', web)
  bench.containers = null
  assert.match(await bench.out(['status']), /Engine: +does not answer\n.*node {2}unknown/s)
  const { engine, apps } = (await bench.json(['status'])) as { engine: unknown; apps: unknown }
  assert.equal(engine, null)
  assert.deepEqual(apps, [{ name: 'node', state: 'unknown', urls: ['http://node.localhost:8080'] }])
})

test('version prints the version, in every way people ask for it', async () => {
  using bench = new Bench()
  assert.equal(await bench.out(['version']), 'crew version 0.1.0\n')
  assert.equal(await bench.out(['--version']), 'crew version 0.1.0\n')
  assert.deepEqual(await bench.json(['version']), { version: '0.1.0' })
})

test('cleanup is of one app or of all', async () => {
  using bench = new Bench()
  bench.app('node')
  bench.prepared = { cleanup: () => {} }
  await bench.out(['cleanup'])
  await bench.out(['cleanup', 'node'])
  assert.deepEqual(bench.calls, [
    ['cleanup', undefined, 'admin'],
    ['cleanup', 'node', 'admin'],
  ])
})
