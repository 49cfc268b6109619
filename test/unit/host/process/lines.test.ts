import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isFailure } from '../../../../src/core/errors.ts'
import { runLines } from '../../../../src/host/process/lines.ts'

const never = new AbortController().signal
const options = (line: (text: string) => void, signal = never) => ({
  cwd: '/',
  env: process.env,
  signal,
  line,
})

/** One that ended and was not waited for yet is not there. */
const isThere = (pid: number) => {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

test('lines of both outputs come as they are, and the status is a result', async () => {
  const lines: string[] = []
  const status = await runLines(
    'sh',
    ['-c', 'echo one; echo two >&2; exit 3'],
    options((text) => lines.push(text)),
  )
  assert.equal(status, 3)
  assert.deepEqual(lines.toSorted(), ['one', 'two'])
})

test('a program that is not there is named', async () => {
  await assert.rejects(
    runLines(
      'no-such-program',
      [],
      options(() => {}),
    ),
    (error) => isFailure(error, 'process-missing') && /no-such-program/.test(error.message),
  )
})

test('what is called off is interrupted with all it started, and may tidy up', async () => {
  const stop = new AbortController()
  const lines: string[] = []
  const script = 'trap "echo tidied; exit 0" INT; sleep 300 & echo $!; wait'
  const running = runLines(
    'sh',
    ['-c', script],
    options((text) => lines.push(text), stop.signal),
  )
  while (lines.length === 0) await sleep(10)
  stop.abort()
  await assert.rejects(running, (error) => isFailure(error, 'canceled'))
  assert.ok(lines.includes('tidied'), lines.join())
  // the kernel takes a moment to end a process
  for (let tries = 0; isThere(Number(lines[0])) && tries < 100; tries += 1) await sleep(20)
  assert.ok(!isThere(Number(lines[0])), 'the sleep is still there')
})

test('who does not end when asked is ended', async () => {
  const stop = new AbortController()
  const lines: string[] = []
  const script = 'trap "" INT; echo $$; while :; do sleep 0.1; done'
  const running = runLines('sh', ['-c', script], {
    ...options((text) => lines.push(text), stop.signal),
    grace: 200,
  })
  while (lines.length === 0) await sleep(10)
  stop.abort()
  await assert.rejects(running, (error) => isFailure(error, 'canceled'))
  assert.ok(!isThere(Number(lines[0])))
})
