import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../../../../src/core/errors.ts'
import { run, runOrThrow } from '../../../../src/host/process/run.ts'

test('arguments reach the program as they are, without a shell', async () => {
  const { stdout } = await run('printf', ['%s|', '$(id)', 'a b', '; ls', '*'])
  assert.equal(stdout, '$(id)|a b|; ls|*|')
})

test('a non-zero exit is a result', async () => {
  const { status, stderr } = await run('sh', ['-c', 'echo no >&2; exit 3'])
  assert.deepEqual([status, stderr], [3, 'no\n'])
  await assert.rejects(
    runOrThrow('sh', ['-c', 'echo no >&2; exit 3']),
    (error) => isFailure(error, 'process-failed') && error.message.includes('no'),
  )
})

test('input is fed, also to a program that does not read it', async () => {
  assert.equal((await run('cat', [], { input: 'x'.repeat(300_000) })).stdout.length, 300_000)
  assert.equal((await run('true', [], { input: 'x'.repeat(300_000) })).status, 0)
})

test('a program that is not there, takes too long or is called off says so', async () => {
  await assert.rejects(run('no-such-program', []), (error) => isFailure(error, 'process-missing'))
  await assert.rejects(run('sleep', ['60'], { timeout: 50 }), (error) => isFailure(error, 'timed-out'))
  const gone = new AbortController()
  const sleeping = run('sleep', ['60'], { signal: gone.signal })
  gone.abort()
  await assert.rejects(sleeping, (error) => isFailure(error, 'canceled'))
})

test('output over the limit is dropped, not kept in memory', async () => {
  const { stdout, status } = await run('sh', ['-c', 'head -c 1000000 /dev/zero'], { maxOutput: 1000 })
  assert.deepEqual([stdout.length, status], [1000, 0])
})
