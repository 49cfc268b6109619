import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAppName } from '../../../src/core/app.ts'
import { failure } from '../../../src/core/errors.ts'
import { Bench, web } from './harness.ts'

const node = parseAppName('node')

const refusing = {
  reroute: () => {
    throw failure('router-failed', { problem: 'no' })
  },
}

test('ports are added, listed, replaced and removed, each time through the router', async () => {
  using bench = new Bench()
  bench.app('node', web)
  bench.prepared = { reroute: () => {} }
  assert.equal(
    await bench.out(['ports:add', 'node', 'tcp:5432:5432', 'http:8000:5000']),
    '-----> Ports of node: tcp:5432:5432 http:8000:5000\n',
  )
  assert.equal(
    await bench.out(['ports:list', 'node']),
    [
      '-----> Port mappings for node',
      '       scheme  host port  container port',
      '       tcp     5432       5432',
      '       http    8000       5000',
      '',
    ].join('\n'),
  )
  assert.deepEqual(await bench.json(['ports:list', 'node']), [
    { scheme: 'tcp', hostPort: 5432, containerPort: 5432 },
    { scheme: 'http', hostPort: 8000, containerPort: 5000 },
  ])
  assert.deepEqual(await bench.json(['ports:report', 'node']), {
    app: 'node',
    map: ['tcp:5432:5432', 'http:8000:5000'],
  })
  assert.equal(await bench.out(['ports:remove', 'node', '5432']), '-----> Ports of node: http:8000:5000\n')
  assert.equal(
    await bench.out(['ports:set', 'node', 'http:9000:5000']),
    '-----> Ports of node: http:9000:5000\n',
  )
  assert.equal(await bench.out(['ports:remove', 'node', 'http:9000:5000']), '-----> Ports of node: none\n')
  assert.equal(bench.calls.length, 4)
})

test('ports that are there already change nothing', async () => {
  using bench = new Bench()
  bench.app('node', web)
  bench.prepared = { reroute: () => {} }
  await bench.out(['ports:set', 'node', 'http:8000:5000'])
  await bench.out(['ports:set', 'node', 'http:8000:5000'])
  await bench.out(['ports:add', 'node', 'http:8000:5000'])
  assert.equal(bench.calls.length, 1)
})

test('a port of another app, of Crew, or given twice is refused and nothing is changed', async () => {
  using bench = new Bench()
  bench.app('node', web)
  bench.app('other')
  bench.store.routes.setPorts(parseAppName('other'), [{ scheme: 'http', hostPort: 8000, containerPort: 1 }])
  const told = async (...words: string[]) => {
    const { status, stderr } = await bench.run(['ports:set', 'node', ...words])
    return [status, stderr.split('\n')[0]]
  }
  assert.deepEqual(await told('http:8000:5000'), [1, ' !     port 8000 is in use by app other'])
  assert.deepEqual(await told('http:8080:5000'), [
    1,
    ' !     port 8080 is in use by the router, for every app',
  ])
  assert.deepEqual(await told('tcp:2222:22'), [1, " !     port 2222 is in use by Crew's SSH server"])
  assert.deepEqual(await told('http:9000:1', 'http:9000:2'), [
    1,
    ' !     port 9000 is in use by another mapping of this app',
  ])
  assert.deepEqual(await told('udp:53:53'), [1, ' !     invalid port mapping "udp:53:53"'])
  assert.deepEqual(await bench.run(['ports:remove', 'node', '80']), {
    status: 1,
    stdout: '',
    stderr: ' !     port 80 of node does not exist\n !     ports:list node shows those there are\n',
  })
  assert.deepEqual(bench.store.routes.ports(node), [])
  assert.deepEqual(bench.calls, [])
})

test('a change that the router refuses is taken back', async () => {
  using bench = new Bench()
  bench.app('node', web)
  bench.store.routes.setPorts(node, [{ scheme: 'http', hostPort: 8000, containerPort: 5000 }])
  bench.store.routes.setDomains(node, ['a.example.org'])
  bench.prepared = refusing
  for (const argv of [
    ['ports:set', 'node', 'http:9000:5000'],
    ['ports:add', 'node', 'http:9000:5000'],
    ['ports:remove', 'node', '8000'],
    ['domains:set', 'node', 'b.example.org'],
    ['domains:clear', 'node'],
  ]) {
    assert.deepEqual(await bench.run(argv), {
      status: 1,
      stdout: '',
      stderr: ' !     the router (HAProxy) refused: no\n',
    })
  }
  assert.deepEqual(bench.store.routes.ports(node), [{ scheme: 'http', hostPort: 8000, containerPort: 5000 }])
  assert.deepEqual(bench.store.routes.domains(node), ['a.example.org'])
})

test('what somebody else changed in the meantime is not taken back', async () => {
  using bench = new Bench()
  bench.app('node', web)
  bench.prepared = {
    reroute: () => {
      bench.store.routes.setDomains(node, ['c.example.org'])
      throw failure('router-failed', { problem: 'no' })
    },
  }
  assert.equal((await bench.run(['domains:set', 'node', 'b.example.org'])).status, 1)
  assert.deepEqual(bench.store.routes.domains(node), ['c.example.org'])
})

test('domains are added, removed, replaced and cleared', async () => {
  using bench = new Bench()
  bench.app('node', web)
  bench.prepared = { reroute: () => {} }
  assert.equal(
    await bench.out(['domains:add', 'node', 'WWW.Example.org', 'example.org']),
    '-----> Domains of node: example.org www.example.org\n',
  )
  assert.equal(
    await bench.out(['domains:remove', 'node', 'www.example.org']),
    '-----> Domains of node: example.org\n',
  )
  assert.equal(await bench.out(['domains:set', 'node', 'b.org']), '-----> Domains of node: b.org\n')
  assert.equal(
    await bench.out(['domains:report', 'node']),
    [
      '=====> node domains information',
      '       Domains app vhosts:            b.org',
      '       Domains computed vhosts:       b.org',
      '       Domains global vhosts:         localhost',
      '',
    ].join('\n'),
  )
  assert.equal(await bench.out(['domains:clear', 'node']), '-----> Domains of node: node.localhost\n')
  assert.deepEqual(await bench.json(['domains:report', 'node']), {
    app: 'node',
    appVhosts: [],
    computedVhosts: ['node.localhost'],
    globalVhosts: ['localhost'],
  })
  assert.equal(bench.calls.length, 4)
})

test('a domain that is not one, is not there, or is of another app is refused', async () => {
  using bench = new Bench()
  bench.app('node', web)
  bench.app('other')
  bench.app('third')
  bench.store.routes.setDomains(parseAppName('other'), ['other.org'])
  const told = async (command: string, domain: string) =>
    (await bench.run([command, 'node', domain])).stderr.split('\n')[0]
  assert.equal(await told('domains:set', '$(id)'), ' !     invalid domain "$(id)"')
  assert.equal(await told('domains:remove', 'x.org'), ' !     domain x.org of node does not exist')
  assert.equal(await told('domains:add', 'other.org'), ' !     domain other.org exists already')
  assert.equal(await told('domains:add', 'third.localhost'), ' !     domain third.localhost exists already')
  assert.deepEqual(bench.calls, [])
})

test('domains:set-global reroutes the apps without domains of their own', async () => {
  using bench = new Bench()
  bench.app('node', web)
  bench.app('own', web)
  bench.store.routes.setDomains(parseAppName('own'), ['own.org'])
  bench.prepared = { reroute: () => {} }
  assert.equal(await bench.out(['domains:set-global', 'board.lan']), '-----> Global domain: board.lan\n')
  assert.deepEqual(bench.calls, [['reroute', 'node', 'admin']])
  assert.match(await bench.out(['domains:report', 'node']), /computed vhosts: +node\.board\.lan\n/)
  bench.prepared = refusing
  assert.equal((await bench.run(['domains:set-global', 'x.lan'])).status, 1)
  assert.match(await bench.out(['domains:report', 'node']), /global vhosts: +board\.lan\n/)
  bench.prepared = { reroute: () => {} }
  assert.equal(await bench.out(['domains:set-global']), '-----> Global domain: localhost\n')
})
