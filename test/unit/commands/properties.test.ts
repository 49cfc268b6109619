import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groupsWithoutCommands } from '../../../src/commands/properties.ts'
import { parseAppName } from '../../../src/core/app.ts'
import { Bench, web } from './harness.ts'

const node = parseAppName('node')

test('every group of the table of properties has its commands', () => {
  assert.deepEqual(groupsWithoutCommands(), [])
})

test('a property is set, reported and put back to its default', async () => {
  using bench = new Bench()
  bench.app('node', web)
  assert.equal(
    await bench.out(['checks:set', 'node', 'timeout', '2500ms']),
    '-----> Setting timeout to 2500ms\n       It holds from the next deploy on.\n',
  )
  assert.equal(
    await bench.out(['checks:report', 'node']),
    [
      '=====> node checks information',
      '       Checks attempts:',
      '       Checks computed attempts:      60',
      '       Checks timeout:                2500ms',
      '       Checks computed timeout:       2500ms',
      '       Checks wait:',
      '       Checks computed wait:          1s',
      '       Checks uptime:',
      '       Checks computed uptime:        10s',
      '       Checks drain:',
      '       Checks computed drain:         30s',
      '',
    ].join('\n'),
  )
  for (const argv of [
    ['checks:set', 'node', 'timeout'],
    ['checks:set', 'node', 'timeout', ''],
  ])
    assert.match(await bench.out(argv), /^-----> Unsetting timeout\n/)
  assert.deepEqual(bench.store.properties.all(node), {})
  assert.deepEqual(bench.calls, [])
})

test('git:report tells the commit that runs and the deploy branch', async () => {
  using bench = new Bench()
  bench.app('node', web)
  await bench.out(['git:set', 'node', 'deploy-branch', 'stable'])
  const { createdAt } = bench.store.releases.get(node, 1)
  assert.deepEqual(await bench.json(['git:report', 'node']), {
    app: 'node',
    sha: 'dbddc3f1'.repeat(5),
    lastUpdatedAt: createdAt,
    deployBranch: 'stable',
    computedDeployBranch: 'stable',
  })
  await bench.out(['builder-dockerfile:set', 'node', 'dockerfile-path', 'docker/Dockerfile'])
  assert.deepEqual(await bench.json(['builder-dockerfile:report', 'node']), {
    app: 'node',
    dockerfilePath: 'docker/Dockerfile',
    computedDockerfilePath: 'docker/Dockerfile',
  })
})

test('resource:limit sets what resource:set sets, a bare number being MiB', async () => {
  using bench = new Bench()
  bench.app('node', web)
  assert.equal(
    await bench.out(['resource:limit', '--memory', '256', '--cpu', '0.5', 'node']),
    '-----> Setting memory to 256m\n-----> Setting cpu to 0.5\n       It holds from the next deploy or ps:restart on.\n',
  )
  await bench.out(['resource:set', 'node', 'cpu', 'none'])
  assert.deepEqual(await bench.json(['resource:report', 'node']), {
    app: 'node',
    memory: '256m',
    computedMemory: '256m',
    cpu: 'none',
    computedCpu: 'none',
  })
  assert.match((await bench.run(['resource:limit', 'node'])).stderr, /resource:limit needs --memory or --cpu/)
})

test('a bad value or an unknown property changes nothing, not even the good one beside it', async () => {
  using bench = new Bench()
  bench.app('node', web)
  assert.equal((await bench.run(['resource:limit', '--cpu', '1', '--memory', 'lots', 'node'])).status, 1)
  assert.deepEqual(await bench.run(['ps:set', 'node', 'restart-policy', 'always']), {
    status: 1,
    stdout: '',
    stderr: ' !     ps property "restart-policy" does not exist\n !     there are: stop-timeout\n',
  })
  assert.equal((await bench.run(['git:set', 'node', 'deploy-branch', '--', '-x'])).status, 1)
  assert.equal((await bench.run(['ps:set', 'node', '../ps.stop-timeout', '1'])).status, 1)
  assert.deepEqual(bench.store.properties.all(node), {})
})
