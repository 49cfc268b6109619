import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAppName } from '../../../src/core/app.ts'
import { Bench, webAndWorker } from './harness.ts'

const node = parseAppName('node')

test('releases:list shows the newest first, without any configuration', async () => {
  using bench = new Bench()
  bench.app('node', webAndWorker)
  bench.store.releases.create(node, {
    cause: 'push',
    commit: 'a'.repeat(40),
    config: { A: 's3cret' },
    who: 'ann',
  })
  bench.store.releases.end(node, 2, 'failed', 'the build failed: 1\nline')
  const [second, first] = bench.store.releases.list(node)
  assert.equal(
    await bench.out(['releases:list', 'node']),
    [
      '=====> node releases',
      'release  state   cause  commit    who    when                      note',
      `v2       failed  push   aaaaaaaa  ann    ${second?.createdAt}  the build failed: 1 line`,
      `v1       live    push   dbddc3f1  admin  ${first?.createdAt}`,
      '',
    ].join('\n'),
  )
  assert.equal(await bench.out(['releases', 'node']), await bench.out(['releases:list', 'node']))
  const json = (await bench.json(['releases:list', 'node'])) as { number: number }[]
  assert.deepEqual(json[1], {
    app: 'node',
    number: 1,
    state: 'live',
    cause: 'push',
    commit: 'dbddc3f1'.repeat(5),
    image: 'sha256:1',
    processes: webAndWorker,
    port: 5000,
    who: 'admin',
    createdAt: first?.createdAt,
    endedAt: first?.endedAt,
    note: '',
  })
  assert.doesNotMatch(JSON.stringify(json), /s3cret|of the release/)
})

test('releases:info shows one release, of its configuration the names only', async () => {
  using bench = new Bench()
  bench.app('node', webAndWorker)
  for (const format of ['stdout', 'json']) {
    const text = await bench.out(['releases:info', 'node', 'v1', '--format', format])
    assert.match(text, /SECRET/)
    assert.doesNotMatch(text, /of the release/)
  }
  assert.match(await bench.out(['releases:info', 'node', '1']), /Release process worker: +work\n/)
  assert.deepEqual(await bench.run(['releases:info', 'node', '7']), {
    status: 1,
    stdout: '',
    stderr: ' !     release of node 7 does not exist\n !     releases:list node shows them\n',
  })
  assert.match((await bench.run(['releases:info', 'node', '0'])).stderr, /^ ! {5}invalid release "0"\n/)
})

test('rollback goes through the pipeline, with a number or without', async () => {
  using bench = new Bench()
  bench.app('node', webAndWorker)
  bench.prepared = { rollback: () => {} }
  await bench.out(['rollback', 'node'])
  await bench.out(['releases:rollback', 'node', 'v3'])
  assert.deepEqual(bench.calls, [
    ['rollback', 'node', undefined, 'admin'],
    ['rollback', 'node', 3, 'admin'],
  ])
})
