import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exitFrame, FrameReader, frameHeader, frameTypes } from '../../../../src/receiver/control/frames.ts'

test('frames come out as they went in, in whatever pieces they travel', () => {
  const bytes = Buffer.concat([
    frameHeader(frameTypes.stdout, 5),
    Buffer.from('hello'),
    frameHeader(frameTypes.stderr, 0),
    frameHeader(frameTypes.stderr, 3),
    Buffer.from('bad'),
    exitFrame(20),
  ])
  for (const size of [1, 3, 7, 8, 9, bytes.length]) {
    const seen: Record<number, Buffer[]> = {}
    const reader = new FrameReader((type, part) => {
      seen[type] = [...(seen[type] ?? []), Buffer.from(part)]
    })
    for (let at = 0; at < bytes.length; at += size) reader.read(bytes.subarray(at, at + size))
    const text = (type: number) => Buffer.concat(seen[type] ?? []).toString()
    assert.deepEqual([text(1), text(2), seen[3]], ['hello', 'bad', [Buffer.of(20)]], `pieces of ${size}`)
  }
})

test('what is no frame is refused', () => {
  for (const header of [
    Buffer.from('HTTP/1.1'),
    Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]),
    Buffer.from([1, 0, 0, 0, 255, 0, 0, 0]),
  ]) {
    assert.throws(() => new FrameReader(() => {}).read(header), /not a frame/)
  }
})
