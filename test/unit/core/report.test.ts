import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failure } from '../../../src/core/errors.ts'
import { describeError, printable, reportTo } from '../../../src/core/report.ts'

const written = (say: (report: ReturnType<typeof reportTo>) => void) => {
  let text = ''
  say(reportTo((chunk) => (text += chunk)))
  return text
}

test('a report speaks in the forms of Dokku', () => {
  const text = written((report) => {
    report.heading('Building')
    report.step('Pulling')
    report.line('one\ntwo')
    report.line('')
    report.warn('careful')
  })
  assert.equal(text, '=====> Building\n-----> Pulling\n       one\n       two\n\n !     careful\n')
})

test('a build cannot move the cursor, retitle the window or ring the bell of who reads it', () => {
  assert.equal(printable('a\u001b[2Jb\u0007c\u001b]0;titled\u0008e'), 'abc0;titlede')
  assert.equal(printable('\u001b[31mred\u001b[0m\ttab'), '\u001b[31mred\u001b[0m\ttab')
})

test('an error for a person is its sentence and what to do, on lines of their own', () => {
  const { text, exit } = describeError(failure('app-unknown', { app: 'shop' }))
  assert.equal(text, ' !     app shop does not exist\n !     apps:list shows the apps there are\n')
  assert.equal(exit, 20)
})

test('anything else that was thrown is an internal error with exit 1', () => {
  assert.deepEqual(describeError(new Error('x')), { text: ' !     internal error: x\n', exit: 1 })
})
