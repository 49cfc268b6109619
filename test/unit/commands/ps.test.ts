import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAppName } from '../../../src/core/app.ts'
import { failure } from '../../../src/core/errors.ts'
import { Bench, web, webAndWorker } from './harness.ts'

test('ps:start, stop, restart and rebuild go through the pipeline, its lines to stdout', async () => {
  using bench = new Bench()
  bench.app('node', web)
  for (const verb of ['start', 'stop', 'restart', 'rebuild'] as const) {
    bench.prepared = {
      [verb]: (actor: { report: { step(text: string): void } }) => actor.report.step('so it is'),
    }
    assert.equal(await bench.out([`ps:${verb}`, 'node']), '-----> so it is\n')
  }
  assert.deepEqual(
    bench.calls,
    ['start', 'stop', 'restart', 'rebuild'].map((verb) => [verb, 'node', 'admin']),
  )
})

test('--all goes on after a failure and ends with its status; what was never deployed is left out', async () => {
  using bench = new Bench()
  for (const name of ['a', 'b', 'c']) bench.app(name, web)
  bench.app('idle')
  bench.prepared = {
    restart: (_actor, name) => {
      if (name === 'b') throw failure('deploy-unhealthy', { container: 'web.1', problem: 'no', hint: '' })
    },
  }
  assert.deepEqual(await bench.run(['ps:restart', '--all']), {
    status: 1,
    stdout: '=====> a\n=====> b\n=====> c\n',
    stderr: ' !     web.1 did not become healthy: no\n',
  })
  assert.deepEqual(
    bench.calls.map(([, name]) => name),
    ['a', 'b', 'c'],
  )
})

test('an app and --all exclude each other, and one of them must be there', async () => {
  using bench = new Bench()
  bench.app('node', web)
  for (const argv of [['ps:stop'], ['ps:stop', '--all', 'node']]) {
    assert.deepEqual(await bench.run(argv), {
      status: 2,
      stdout: '',
      stderr: ' !     ps:stop needs an app or --all, one of them\n !     usage: ps:stop (<app>|--all)\n',
    })
  }
})

test('ps:scale shows the formation as Dokku does, and sets it', async () => {
  using bench = new Bench()
  bench.app('node', webAndWorker)
  bench.app('idle')
  bench.store.formation.change(parseAppName('node'), { worker: 3 })
  assert.equal(
    await bench.out(['ps:scale', 'node']),
    '-----> Scaling for node\nproctype: qty\n--------: ---\nweb:  1\nworker:  3\n',
  )
  assert.deepEqual(await bench.json(['ps:scale', 'node']), { web: 1, worker: 3 })
  assert.deepEqual(await bench.json(['ps:scale', 'idle']), { web: 1 })
  bench.prepared = { scale: () => {} }
  await bench.out(['ps:scale', 'node', 'web=2', 'worker=0'])
  assert.deepEqual(bench.calls, [['scale', 'node', { web: 2, worker: 0 }, 'admin']])
})

test('ps:scale refuses what is not a count', async () => {
  using bench = new Bench()
  bench.app('node', web)
  for (const word of ['web', 'web=', 'web=-1', 'web=1.5', '=1', 'web=9999', '$(id)=1']) {
    const { status, stderr } = await bench.run(['ps:scale', 'node', word])
    assert.equal(status, 1, word)
    assert.match(stderr, /^ ! {5}invalid scale ".*"\n ! {5}<process type>=<count>, such as web=2\n$/)
  }
  assert.deepEqual(bench.calls, [])
})

test('ps:report tells each container, and works without an engine', async () => {
  using bench = new Bench()
  const node = bench.app('node', webAndWorker)
  bench.container(node, { health: 'healthy' })
  bench.container(node, { current: false, state: 'exited' })
  assert.equal(
    await bench.out(['ps:report', 'node']),
    [
      '=====> node ps information',
      '       Deployed:                      true',
      '       Processes:                     1',
      '       State:                         running',
      '       Status web 1:                  running, healthy (CID: 0123456789ab)',
      '       Status web 1:                  exited (CID: 0123456789ab) on its way in or out',
      '       Ps stop timeout:',
      '       Ps computed stop timeout:      30s',
      '',
    ].join('\n'),
  )
  const report = (await bench.json(['ps:report', 'node'])) as { containers: { container: unknown }[] }
  assert.deepEqual(report.containers[0]?.container, { id: '0123456789abcdef', name: 'crew-node-web-1' })
  bench.containers = null
  assert.match(
    await bench.out(['ps:report', 'node']),
    /State: +unknown\n +Containers: +unknown: the engine does/,
  )
  assert.equal(((await bench.json(['ps:report', 'node'])) as { containers: unknown }).containers, null)
})
