import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { Bench, web } from './harness.ts'

test('logs hands over what it was asked and prints the lines', async () => {
  using bench = new Bench()
  bench.app('node', web)
  const asked: unknown[] = []
  bench.logs = async (name, request, write) => {
    asked.push([name, request])
    await write('app[web.1]: hello\n')
  }
  assert.equal(await bench.out(['logs', 'node']), 'app[web.1]: hello\n')
  await bench.out(['logs', '-t', '-n', '5', '-p', 'web.1', 'node'])
  await bench.out(['logs', 'node', '--tail', '--num', '0', '--ps', 'web'])
  assert.deepEqual(asked, [
    ['node', { follow: false, lines: 100, process: undefined }],
    ['node', { follow: true, lines: 5, process: 'web.1' }],
    ['node', { follow: true, lines: 0, process: 'web' }],
  ])
})

test('logs of an app that never ran, and bad numbers and processes, are refused', async () => {
  using bench = new Bench()
  bench.app('idle')
  bench.app('node', web)
  assert.match((await bench.run(['logs', 'idle'])).stderr, /app idle has no release that ran/)
  for (const lines of ['-1', 'x', '1e3', '9999999'])
    assert.match((await bench.run(['logs', 'node', `--num=${lines}`])).stderr, /invalid number of lines/)
  for (const process of ['web.0', '../x', 'web.1.2', ''])
    assert.match((await bench.run(['logs', 'node', `--ps=${process}`])).stderr, /invalid process/)
})

test('logs -t ends when the reader leaves', async () => {
  using bench = new Bench()
  bench.app('node', web)
  const leave = new AbortController()
  bench.logs = (_name, _request, write, signal) =>
    new Promise((resolve) => {
      void write('line\n')
      signal.addEventListener('abort', () => resolve())
    })
  setTimeout(() => leave.abort(), 20)
  const { status, stdout } = await bench.run(['logs', '-t', 'node'], { signal: leave.signal })
  assert.deepEqual({ status, stdout }, { status: 0, stdout: 'line\n' })
})

test('a reader that stops reading stops the lines, and ends the command when it leaves', async () => {
  using bench = new Bench()
  bench.app('node', web)
  const leave = new AbortController()
  let written = 0
  bench.logs = async (_name, _request, write) => {
    for (;;) {
      await write('x'.repeat(1000))
      written++
    }
  }
  const stuck = new Writable({ highWaterMark: 10_000, write() {} })
  setTimeout(() => leave.abort(), 50)
  const { status } = await bench.run(['logs', '-t', 'node'], { signal: leave.signal, stdout: stuck })
  assert.equal(status, 130)
  assert.equal(written, 9)
})

test('url prints the first URL, urls all of them', async () => {
  using bench = new Bench()
  bench.app('node', web)
  bench.app('idle')
  assert.equal(await bench.out(['url', 'node']), 'http://node.localhost:8080\n')
  assert.equal(await bench.out(['urls', 'node']), 'http://node.localhost:8080\n')
  assert.deepEqual(await bench.json(['urls', 'node']), ['http://node.localhost:8080'])
  assert.deepEqual(await bench.json(['urls', 'idle']), [])
  assert.deepEqual(await bench.run(['url', 'idle']), {
    status: 1,
    stdout: '',
    stderr: ' !     URL of idle does not exist\n !     a deployed app with a web process has one\n',
  })
})
