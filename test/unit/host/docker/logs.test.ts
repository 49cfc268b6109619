import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LogParser } from '../../../../src/host/docker/logs.ts'

function frame(stream: number, text: string): Buffer {
  const body = Buffer.from(text)
  const header = Buffer.alloc(8)
  header.writeUInt8(stream, 0)
  header.writeUInt32BE(body.length, 4)
  return Buffer.concat([header, body])
}

describe('the stream of a log', () => {
  const frames = Buffer.concat([
    frame(1, '2026-01-01T00:00:00.1Z one ünd\n'),
    frame(2, '2026-01-01T00:00:00.2Z two\r\n'),
    frame(1, '2026-01-01T00:00:00.3Z first half, '),
    frame(2, '2026-01-01T00:00:00.4Z between\n'),
    frame(1, '2026-01-01T00:00:00.5Z second half\n'),
    frame(1, '2026-01-01T00:00:00.6Z \n'),
    frame(1, '2026-01-01T00:00:00.7Z no line feed'),
  ])
  const expected = ['one ünd', 'two', 'between', 'first half, second half', '', 'no line feed']

  for (const size of [1, 7, 1000]) {
    test(`is taken apart into lines, whatever the pieces it comes in (${size} bytes)`, () => {
      const parser = new LogParser()
      const lines: string[] = []
      for (let at = 0; at < frames.length; at += size)
        lines.push(...parser.push(frames.subarray(at, at + size)).map(({ text }) => text))
      lines.push(...parser.end().map(({ text }) => text))
      assert.deepEqual(lines, expected)
    })
  }

  test('keeps the time of each line', () => {
    const [first] = new LogParser().push(frames)
    assert.equal(first?.time, '2026-01-01T00:00:00.1Z')
  })

  test('hands a line without end on in pieces', () => {
    const parser = new LogParser()
    const piece = frame(1, `t ${'x'.repeat(16 * 1024)}`)
    let lines = 0
    for (let i = 0; i < 40; i++) lines += parser.push(piece).length
    assert.equal(lines, 2)
  })
})
