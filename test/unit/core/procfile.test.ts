import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../../../src/core/errors.ts'
import { parseProcfile } from '../../../src/core/procfile.ts'

test('a Procfile is a process type and its command per line', () => {
  const text =
    '# who runs\r\nweb: node server.js --port $PORT\n\n worker : rake jobs:work\nweb: last one wins'
  assert.deepEqual(parseProcfile(text), [
    { type: 'web', command: 'last one wins' },
    { type: 'worker', command: 'rake jobs:work' },
  ])
})

test('a line that is none names its number and what is wrong', () => {
  for (const [text, problem] of [
    ['web', 'no colon'],
    ['web:', 'empty'],
    ['we b: x', 'letters'],
    ['../x: y', 'letters'],
  ] as const) {
    assert.throws(
      () => parseProcfile(`# first\n${text}`),
      (error) =>
        isFailure(error, 'procfile-invalid') &&
        error.message.includes('line 2') &&
        error.message.includes(problem),
    )
  }
})
