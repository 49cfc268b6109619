import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { mock, test } from 'node:test'
import { parseAppName } from '../../../src/core/app.ts'
import { failure } from '../../../src/core/errors.ts'
import { Bench, web } from './harness.ts'

test('apps:list prints the names as Dokku does', async () => {
  using bench = new Bench()
  bench.app('python-app')
  bench.app('node-js-app')
  assert.equal(await bench.out(['apps:list']), '=====> My Apps\nnode-js-app\npython-app\n')
  assert.equal(await bench.out(['apps']), '=====> My Apps\nnode-js-app\npython-app\n')
  assert.deepEqual(await bench.json(['apps:list']), ['node-js-app', 'python-app'])
})

test('apps:list of no apps says so on stderr', async () => {
  using bench = new Bench()
  assert.deepEqual(await bench.run(['apps:list']), {
    status: 0,
    stdout: '=====> My Apps\n',
    stderr: " !     You haven't deployed any applications yet\n",
  })
  assert.deepEqual(await bench.json(['apps:list']), [])
})

test('apps:list of 1000 apps reads the apps once, and nothing of each', async () => {
  using bench = new Bench()
  bench.store.transaction(() => {
    for (let i = 0; i < 1000; i++) bench.store.apps.create(parseAppName(`app-${String(i).padStart(4, '0')}`))
  })
  const list = mock.method(bench.store.apps, 'list')
  const find = mock.method(bench.store.apps, 'find')
  assert.equal((await bench.out(['apps:list'])).split('\n').length, 1002)
  assert.equal(list.mock.callCount(), 1)
  assert.equal(find.mock.callCount(), 0)
})

test('apps:create and apps:rename go through the pipeline', async () => {
  using bench = new Bench()
  bench.prepared = { create: () => {}, rename: () => {} }
  assert.equal(await bench.out(['apps:create', 'node']), '-----> Creating node...\n')
  assert.equal(await bench.out(['apps:rename', 'node', 'io']), 'Renaming node to io... done\n')
  assert.deepEqual(bench.calls, [
    ['create', 'node'],
    ['rename', 'node', 'io', 'admin'],
  ])
})

test('apps:create of a name that is taken says only that', async () => {
  using bench = new Bench()
  bench.prepared = {
    create: () => {
      throw failure('app-exists', { app: 'node' })
    },
  }
  assert.deepEqual(await bench.run(['apps:create', 'node']), {
    status: 1,
    stdout: '',
    stderr: ' !     app node exists already\n !     choose another name\n',
  })
})

test('apps:exists answers by its status alone', async () => {
  using bench = new Bench()
  bench.app('node')
  assert.deepEqual(await bench.run(['apps:exists', 'node']), { status: 0, stdout: '', stderr: '' })
  assert.equal((await bench.run(['apps:exists', 'nod'])).status, 20)
})

const QUESTION =
  ' !     WARNING: Potentially Destructive Action\n' +
  ' !     This command will destroy node with its releases, configuration and repository.\n' +
  ' !     To proceed, type "node"\n\n> \n'

test('apps:destroy wants the name to be typed', async () => {
  using bench = new Bench()
  bench.app('node')
  bench.prepared = { destroy: () => {} }
  assert.deepEqual(await bench.run(['apps:destroy', 'node'], { stdin: 'node\n' }), {
    status: 0,
    stdout: 'Destroying node... done\n',
    stderr: QUESTION,
  })
  assert.deepEqual(bench.calls, [['destroy', 'node', 'admin']])
})

test('apps:destroy does nothing for another name, an empty line or no input', async () => {
  using bench = new Bench()
  bench.app('node')
  for (const stdin of ['nod\n', '\nnode\n', '', 'yes']) {
    assert.deepEqual(await bench.run(['apps:destroy', 'node'], { stdin }), {
      status: 1,
      stdout: '',
      stderr: `${QUESTION} !     not confirmed, so nothing was changed\n !     type the name of the app, or give --force: apps:destroy --force node\n`,
    })
  }
  assert.deepEqual(bench.calls, [])
})

test('apps:destroy takes a name that comes in pieces, and does not wait for the end of the input', async () => {
  using bench = new Bench()
  bench.app('node')
  bench.prepared = { destroy: () => {} }
  const stdin = new PassThrough()
  const ran = bench.run(['apps:destroy', 'node'], { stdin })
  stdin.write('no')
  setTimeout(() => stdin.write('de\r\n'), 20)
  assert.equal((await ran).status, 0)
})

test('apps:destroy stops asking when the person leaves, and refuses a flood', async () => {
  using bench = new Bench()
  bench.app('node')
  const stdin = new PassThrough()
  const leave = new AbortController()
  const ran = bench.run(['apps:destroy', 'node'], { stdin, signal: leave.signal })
  setTimeout(() => leave.abort(), 20)
  assert.equal((await ran).status, 130)
  const flooded = await bench.run(['apps:destroy', 'node'], { stdin: 'x'.repeat(100_000) })
  assert.equal(flooded.status, 1)
  assert.match(flooded.stderr, /invalid input of over 4096 bytes/)
})

test('apps:destroy --force does not ask', async () => {
  using bench = new Bench()
  bench.app('node')
  bench.prepared = { destroy: () => {} }
  assert.deepEqual(await bench.run(['apps:destroy', '--force', 'node']), {
    status: 0,
    stdout: 'Destroying node... done\n',
    stderr: '',
  })
})

test('apps:report tells the state of one app, or of each', async () => {
  using bench = new Bench()
  const node = bench.app('node', web)
  const ruby = bench.app('ruby')
  bench.container(node)
  assert.equal(
    await bench.out(['apps:report', 'node']),
    [
      '=====> node app information',
      `       App created at:                ${node.createdAt}`,
      '       App state:                     running',
      '       App release:                   1',
      '       App urls:                      http://node.localhost:8080',
      '       Apps platform:',
      '       Apps computed platform:        that of the engine',
      '',
    ].join('\n'),
  )
  assert.match(await bench.out(['apps:report']), /=====> node app.*=====> ruby app.*not-deployed/s)
  assert.deepEqual(await bench.json(['apps:report', 'ruby']), {
    app: 'ruby',
    createdAt: ruby.createdAt,
    state: 'not-deployed',
    release: null,
    urls: [],
    platform: null,
    computedPlatform: 'that of the engine',
  })
  assert.equal(((await bench.json(['apps:report'])) as unknown[]).length, 2)
})
