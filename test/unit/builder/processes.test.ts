import assert from 'node:assert/strict'
import { test } from 'node:test'
import { processesOf } from '../../../src/builder/processes.ts'

const image = (tcpPorts: number[], hasCommand = true) => ({ tcpPorts, hasCommand })

test("the image's own command is web when it exposes a port, else worker", () => {
  assert.deepEqual(processesOf(image([80, 8080]), undefined), {
    processes: [{ type: 'web', command: null }],
    port: 80,
  })
  assert.deepEqual(processesOf(image([]), undefined), {
    processes: [{ type: 'worker', command: null }],
    port: null,
  })
})

test('a Procfile decides, and a web process without an exposed port listens on 5000', () => {
  assert.deepEqual(processesOf(image([], false), 'web: a\nw: b'), {
    processes: [
      { type: 'web', command: 'a' },
      { type: 'w', command: 'b' },
    ],
    port: 5000,
  })
  assert.equal(processesOf(image([80]), 'w: b').port, null)
})

test('an empty Procfile is none', () => {
  assert.equal(processesOf(image([80]), '# nothing\n').processes[0]?.command, null)
})

test('an image without a command and no Procfile is refused', () => {
  assert.throws(() => processesOf(image([80], false), undefined), /nothing says what to run/)
})
