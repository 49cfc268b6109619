import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { reportOn, writerTo } from '../../../src/commands/output.ts'
import { isFailure } from '../../../src/core/errors.ts'

/** A reader that takes a piece each time it is told to. */
function slowReader(highWaterMark: number) {
  const text: string[] = []
  const waiting: (() => void)[] = []
  const stream = new Writable({
    highWaterMark,
    write(chunk: Buffer, _encoding, done) {
      text.push(chunk.toString())
      waiting.push(() => done())
    },
  })
  return { stream, text, read: () => waiting.shift()?.() }
}

const never = new AbortController().signal

test('writers at the same time wait together, with one listener', async () => {
  const { stream, read } = slowReader(4)
  const write = writerTo(stream, never)
  let ended = 0
  const all = Array.from({ length: 20 }, () => write('12345').then(() => ended++))
  await turn()
  assert.equal(ended, 0)
  assert.equal(stream.listenerCount('drain'), 1)
  assert.equal(stream.writableLength, 5)
  while (ended < 20) {
    read()
    await turn()
  }
  await Promise.all(all)
  assert.equal(stream.listenerCount('drain'), 0)
})

test('a write ends as called off when the reader goes away', async () => {
  const { stream } = slowReader(4)
  const write = writerTo(stream, never)
  const waiting = write('12345')
  stream.destroy()
  await assert.rejects(waiting, (error) => isFailure(error, 'canceled'))
  await assert.rejects(write('more'), (error) => isFailure(error, 'canceled'))
})

test('a report leaves out what a slow reader cannot take, and says how much', async () => {
  const { stream, text, read } = slowReader(4)
  const report = reportOn(stream, 20)
  for (let line = 0; line < 10; line++) report.line(String(line))
  for (let piece = 0; piece < 10; piece++) {
    read()
    await turn()
  }
  report.step('at last')
  await turn()
  assert.equal(
    text.join(''),
    '       0\n       1\n       2\n !     7 lines left out: they came faster than they were read\n-----> at last\n',
  )
})
