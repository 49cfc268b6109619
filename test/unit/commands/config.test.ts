import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { parseAppName } from '../../../src/core/app.ts'
import { failure } from '../../../src/core/errors.ts'
import { parseExecLine } from '../../../src/receiver/exec-line.ts'
import { Bench, web } from './harness.ts'

const node = parseAppName('node')

/** Values that a careless writer of shell, JSON or files breaks. */
const nasty: Record<string, string> = {
  BACKSLASH: '\\n \\',
  DOLLAR: '$HOME `id` $(id) !!',
  EMPTY: '',
  LINES: 'first\nsecond\r\n\n',
  QUOTES: `it's "quoted" ''`,
  SPACES: '  two  words\t',
  UNICODE: 'ü 🚀 \u2028',
  __proto: 'x',
}

test('config:set stores values and brings them up, without showing them', async () => {
  using bench = new Bench()
  bench.app('node', web)
  bench.prepared = { reconfigure: () => {} }
  assert.deepEqual(await bench.run(['config:set', 'node', 'KEY=s3cret', 'LONGER=a=b c']), {
    status: 0,
    stdout:
      '-----> Setting config vars\n       KEY:     ********\n       LONGER:  ********\n-----> Restarting app node\n',
    stderr: '',
  })
  assert.deepEqual(bench.store.config.all(node), { KEY: 's3cret', LONGER: 'a=b c' })
  assert.deepEqual(bench.calls, [['reconfigure', 'node', 'admin']])
})

test('config:set restarts nothing when nothing is live, with --no-restart, or when nothing changes', async () => {
  using bench = new Bench()
  bench.app('idle')
  bench.app('node', web)
  assert.doesNotMatch(await bench.out(['config:set', 'idle', 'A=1']), /Restarting/)
  assert.doesNotMatch(await bench.out(['config:set', '--no-restart', 'node', 'A=1']), /Restarting/)
  const nothing = '-----> Config of node is as wanted, nothing changes\n'
  assert.equal(await bench.out(['config:set', '--no-restart', 'node', 'A=1']), nothing)
  assert.equal(await bench.out(['config:unset', 'node', 'B']), nothing)
  bench.store.config.change(node, { SECRET: 'of the release' })
  assert.equal(await bench.out(['config:set', 'node', 'SECRET=of the release']), nothing)
  assert.deepEqual(bench.calls, [])
})

test('what was stored with --no-restart comes up when it is asked for again', async () => {
  using bench = new Bench()
  bench.app('node', web)
  bench.prepared = { reconfigure: () => {} }
  await bench.out(['config:set', '--no-restart', 'node', 'A=1'])
  assert.equal(await bench.out(['config:set', 'node', 'A=1']), '-----> Restarting app node\n')
  assert.deepEqual(bench.calls, [['reconfigure', 'node', 'admin']])
})

test('a release that fails leaves the new config stored and says so', async () => {
  using bench = new Bench()
  bench.app('node', web)
  bench.prepared = {
    reconfigure: () => {
      throw failure('deploy-unhealthy', { container: 'web.1', problem: 'it exited', hint: '' })
    },
  }
  const { status, stdout, stderr } = await bench.run(['config:set', 'node', 'A=1'])
  assert.equal(status, 1)
  assert.match(
    stdout,
    / ! {5}The new config is stored for the next release; what ran runs on with the old one\.\n$/,
  )
  assert.equal(stderr, ' !     web.1 did not become healthy: it exited\n')
  assert.deepEqual(bench.store.config.all(node), { A: '1' })
})

test('config:set --encoded takes base64 of any text', async () => {
  using bench = new Bench()
  bench.app('node')
  const words = Object.entries(nasty).map(([key, value]) => `${key}=${Buffer.from(value).toString('base64')}`)
  await bench.out(['config:set', '--encoded', 'node', ...words])
  assert.deepEqual(bench.store.config.all(node), nasty)
  for (const bad of ['A=not base64!', `A=${Buffer.from([0xff, 0xfe]).toString('base64')}`]) {
    const { status, stderr } = await bench.run(['config:set', '--encoded', 'node', bad])
    assert.equal(status, 1)
    assert.match(stderr, /^ ! {5}invalid value of A: it is not base64 of a text\n ! {5}with --encoded/)
  }
})

test('config:set refuses what no environment can hold, and shows no value in doing so', async () => {
  using bench = new Bench()
  bench.app('node')
  const told = async (...words: string[]) => (await bench.run(['config:set', 'node', ...words])).stderr
  assert.match(await told('2KEY=s3cret'), /invalid variable name "2KEY"/)
  assert.match(await told('A=s3cret\0'), /invalid value of A: it holds a NUL/)
  assert.match(await told(`A=${'s3cret'.repeat(30_000)}`), /invalid value of A: it is too long/)
  for (const words of [['2KEY=s3cret'], ['A=s3cret\0'], ['A=1', 's3cret'], [`A=${'s3cret'.repeat(30_000)}`]])
    assert.doesNotMatch(await told(...words), /s3cret/)
  assert.deepEqual(bench.store.config.all(node), {})
})

test('a value that ssh took apart is refused with what to do', async () => {
  using bench = new Bench()
  bench.app('node')
  // what `ssh crew@host config:set node KEY="a b"` arrives as
  const { status, stderr } = await bench.run(parseExecLine('config:set node KEY=a b'))
  assert.equal(status, 1)
  assert.match(
    stderr,
    /^ ! {5}invalid assignment after KEY: a word without "="\n ! {5}each word is KEY=value\. ssh joins/,
  )
  await bench.out(parseExecLine(`config:set node KEY='"a b"' OTHER="a 'b' c"`))
  assert.deepEqual(bench.store.config.all(node), { KEY: '"a b"', OTHER: "a 'b' c" })
})

test('config:import takes JSON and environment files from stdin', async () => {
  using bench = new Bench()
  bench.app('node')
  await bench.out(['config:import', '--format', 'json', 'node'], { stdin: JSON.stringify(nasty) })
  assert.deepEqual(bench.store.config.all(node), nasty)
  await bench.out(['config:import', 'node'], { stdin: 'A=two words\nEMPTY="no\nlonger"\n' })
  assert.deepEqual(bench.store.config.all(node), { ...nasty, A: 'two words', EMPTY: 'no\nlonger' })
  const bad = async (format: string, stdin: string) =>
    (await bench.run(['config:import', '--format', format, 'node'], { stdin })).stderr.split('\n')[0]
  assert.equal(await bad('json', '{"A": 1}'), ' !     invalid JSON (the value of "A" is not a string)')
  assert.equal(await bad('json', 's3cret'), ' !     invalid JSON (it cannot be read)')
  assert.equal(await bad('env', 's3cret'), ' !     invalid environment file, line 1: there is no "="')
  assert.equal(await bad('yaml', ''), ' !     invalid format "yaml"')
})

test('config:export goes through a real shell and comes back the same', async () => {
  using bench = new Bench()
  bench.app('node')
  bench.store.config.change(node, nasty)
  const print = Object.keys(nasty).map((key) => `"$${key}"`)
  const values = (script: string) =>
    execFileSync('sh', ['-c', `${script}\nprintf '%s\\0' ${print.join(' ')}`], { env: {}, encoding: 'utf8' })
      .split('\0')
      .slice(0, -1)
  assert.deepEqual(values(await bench.out(['config:export', 'node'])), Object.values(nasty))
  const line = await bench.out(['config:export', '--format', 'shell', 'node'])
  assert.deepEqual(values(line), Object.values(nasty))
})

test('config:export goes through config:import and comes back the same', async () => {
  using bench = new Bench()
  bench.app('node')
  bench.store.config.change(node, nasty)
  for (const [exported, imported] of [
    ['exports', 'env'],
    ['json', 'json'],
  ] as const) {
    const stdin = await bench.out(['config:export', '--format', exported, 'node'])
    bench.store.config.change(node, {}, Object.keys(nasty))
    await bench.out(['config:import', '--format', imported, 'node'], { stdin })
    assert.deepEqual(bench.store.config.all(node), nasty)
  }
})

test('config:show, config:get, config:keys and config:export print as Dokku does', async () => {
  using bench = new Bench()
  bench.app('node')
  bench.store.config.change(node, { ENV: 'prod', COMPILE_ASSETS: "it's" })
  const shown = "=====> node env vars\nCOMPILE_ASSETS:  it's\nENV:             prod\n"
  assert.equal(await bench.out(['config:show', 'node']), shown)
  assert.equal(await bench.out(['config', 'node']), shown)
  assert.equal(await bench.out(['config:get', 'node', 'ENV']), 'prod\n')
  assert.equal(await bench.out(['config:keys', 'node']), 'COMPILE_ASSETS\nENV\n')
  assert.equal(
    await bench.out(['config:export', 'node']),
    "export COMPILE_ASSETS='it'\\''s'\nexport ENV='prod'\n",
  )
  assert.equal(
    await bench.out(['config:export', '--format', 'shell', 'node']),
    "COMPILE_ASSETS='it'\\''s' ENV='prod'\n",
  )
  assert.equal(await bench.out(['config:export', '--format', 'keys', 'node']), 'COMPILE_ASSETS\nENV\n')
  assert.deepEqual(await bench.json(['config:show', 'node']), { COMPILE_ASSETS: "it's", ENV: 'prod' })
  assert.deepEqual(await bench.json(['config:keys', 'node']), ['COMPILE_ASSETS', 'ENV'])
})

test('config:get of a variable that is not there fails and prints nothing on stdout', async () => {
  using bench = new Bench()
  bench.app('node')
  for (const key of ['NONE', 'constructor', '__proto__']) {
    assert.deepEqual(await bench.run(['config:get', 'node', key]), {
      status: 1,
      stdout: '',
      stderr: ` !     config var ${key} of node does not exist\n !     config:keys node shows those there are\n`,
    })
  }
})

test('config:unset removes what is there and restarts once', async () => {
  using bench = new Bench()
  bench.app('node', web)
  bench.store.config.change(node, { A: '1', B: '2', C: '3', SECRET: 'x' })
  bench.prepared = { reconfigure: () => {} }
  assert.equal(
    await bench.out(['config:unset', 'node', 'A', 'B', 'A', 'Z', 'SECRET']),
    '-----> Unsetting A\n-----> Unsetting B\n-----> Unsetting SECRET\n-----> Restarting app node\n',
  )
  assert.deepEqual(bench.store.config.all(node), { C: '3' })
  assert.equal(bench.calls.length, 1)
})

test('build-args are set, listed and unset, and restart nothing', async () => {
  using bench = new Bench()
  bench.app('node', web)
  assert.equal(
    await bench.out(['build-args:set', 'node', 'NODE_VERSION=24']),
    '-----> Setting build argument NODE_VERSION\n',
  )
  assert.equal(
    await bench.out(['build-args:list', 'node']),
    '=====> node build arguments\nNODE_VERSION:  24\n',
  )
  assert.deepEqual(await bench.json(['build-args:list', 'node']), { NODE_VERSION: '24' })
  assert.equal(
    await bench.out(['build-args:unset', 'node', 'NODE_VERSION']),
    '-----> Unsetting build argument NODE_VERSION\n',
  )
  assert.deepEqual(bench.store.buildArgs.all(node), {})
  assert.deepEqual(bench.calls, [])
})
