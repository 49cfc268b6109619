import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainBuildFailure } from '../../../src/builder/explain.ts'

const explain = (message: string, exitCode?: number, diskFull = false) =>
  explainBuildFailure({ message, step: '[2/3] RUN make', exitCode, diskFull }, 'Dockerfile').message

test('an exit code is told with its step', () => {
  assert.equal(explain('x', 2), 'the build failed: exit code 2 at "[2/3] RUN make"')
})

test('a full disk and a kill are named', () => {
  assert.match(explain('x', 1, true), /the disk is full .* at "\[2\/3\] RUN make"/)
  assert.match(explain('x', 137), /for want of memory, at/)
})

test("the engine's words about a Dockerfile become its line", () => {
  const words = 'failed to solve with frontend dockerfile.v0: failed to create LLB definition: '
  assert.equal(
    explain(`${words}dockerfile parse error line 2: unknown instruction: FOO`),
    'Dockerfile: line 2: unknown instruction: FOO',
  )
  assert.match(explain(`${words}no such host`), /^the build failed: no such host at/)
})
