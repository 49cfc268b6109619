import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BuildOutput } from '../../../../src/host/docker/build-output.ts'

const id = (digit: string) => `sha256:${digit.repeat(64)}`
function take(messages: object[]) {
  const lines: string[] = []
  const output = new BuildOutput((line) => lines.push(line))
  for (const message of messages) output.take(message)
  output.end()
  return { lines, output }
}

test("shows the classic builder's steps and output, without its noise", () => {
  const stream = (text: string) => ({ stream: text })
  const { lines, output } = take([
    stream('Step 1/2 : FROM a'),
    stream('\n'),
    stream(' ---> 0123456789ab\n'),
    stream('Step 2/2 : RUN x'),
    stream('\n'),
    stream(' ---> Running in 0123456789ab\n'),
    stream('one\ntw'),
    stream('o\n10%\r100%\n'),
    stream('\u001b[91mred\n\u001b[0m'),
    stream(' ---> ba9876543210\n'),
    { error: 'returned a non-zero code: 3', errorDetail: { code: 3, message: 'no' } },
  ])
  assert.deepEqual(lines, ['Step 1/2 : FROM a', 'Step 2/2 : RUN x', 'one', 'two', '100%', 'red'])
  assert.deepEqual(output.failure, { message: 'no', step: 'Step 2/2 : RUN x', exitCode: 3, diskFull: false })
  assert.deepEqual(output.leftovers, ['ba9876543210'])
})

test('the last image is the result, those before are stages', () => {
  const { output } = take([{ aux: { ID: id('1') } }, { aux: { ID: id('2') } }, { aux: { ID: 'nonsense' } }])
  assert.equal(output.image, id('2'))
  assert.deepEqual(output.leftovers, [id('1')])
})

test('names the step that was cached when another one has begun meanwhile', () => {
  const { lines } = take([
    trace([
      vertex('v1', '[1/2] FROM a', { started: true }),
      vertex('v2', '[2/2] RUN x', { started: true }),
      vertex('v1', '[1/2] FROM a', { started: true, completed: true, cached: true }),
    ]),
  ])
  assert.deepEqual(lines, ['[1/2] FROM a', '[2/2] RUN x', 'CACHED [1/2] FROM a'])
})

test("shows BuildKit's steps, output, cache hits and errors", () => {
  const { lines, output } = take([
    trace([vertex('v0', '[internal] load remote build context', { started: true, completed: true })]),
    trace([vertex('v1', '[1/2] FROM a', { started: true, completed: true, cached: true })]),
    trace([vertex('v2', '[2/2] RUN x', { started: true })], [['v2', 'par']]),
    trace([vertex('v2', '[2/2] RUN x', { started: true })], [['v2', 'tial ü\nrest']]),
    trace([vertex('v2', '[2/2] RUN x', { started: true, completed: true, error: 'exit code: 5' })]),
    { error: 'executor failed running [x]: exit code: 5' },
  ])
  assert.deepEqual(lines, [
    '[1/2] FROM a',
    'CACHED',
    '[2/2] RUN x',
    'partial ü',
    'rest',
    'ERROR: exit code: 5',
  ])
  assert.equal(output.failure?.step, '[2/2] RUN x')
  assert.equal(output.failure?.exitCode, 5)
})

// protobuf's wire format, as far as the messages need it
const bytes = (field: number, content: Buffer | string) => {
  const value = Buffer.from(content)
  return Buffer.concat([Buffer.from([(field << 3) | 2, ...varint(value.length)]), value])
}
const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)]

function vertex(
  digest: string,
  name: string,
  state: { started?: boolean; completed?: boolean; cached?: boolean; error?: string },
): Buffer {
  return Buffer.concat([
    bytes(1, digest),
    bytes(3, name),
    Buffer.from(state.cached ? [(4 << 3) | 0, 1] : []),
    state.started ? bytes(5, '') : Buffer.alloc(0),
    state.completed ? bytes(6, '') : Buffer.alloc(0),
    state.error ? bytes(7, state.error) : Buffer.alloc(0),
  ])
}

function trace(vertexes: Buffer[], logs: [string, string][] = []) {
  const aux = Buffer.concat([
    ...vertexes.map((one) => bytes(1, one)),
    ...logs.map(([digest, text]) => bytes(3, Buffer.concat([bytes(1, digest), bytes(4, text)]))),
  ]).toString('base64')
  return { id: 'moby.buildkit.trace', aux }
}
