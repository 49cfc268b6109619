import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { isFailure } from '../../../src/core/errors.ts'
import { confirmOn } from '../../../src/image/context.ts'

/** A terminal at which somebody types. */
function terminal(
  typed: string | undefined,
  env: NodeJS.ProcessEnv = {},
  signal = new AbortController().signal,
) {
  const input = Object.assign(new PassThrough(), { isTTY: true })
  const output = new PassThrough()
  const confirm = confirmOn(input, output, env, signal)
  const asked = confirm('Remove it?')
  if (typed !== undefined) input.write(typed)
  return { asked, shown: () => String(output.read() ?? '') }
}

describe('a question', () => {
  it('goes on at yes', async () => {
    const { asked, shown } = terminal('yes\n')
    await asked
    assert.match(shown(), /^Remove it\? \(yes\/no\) /)
    await terminal('Y\n').asked
  })

  it('takes every other answer for a no', async () => {
    for (const typed of ['no\n', '\n', 'yess\n', 'y n\n'])
      await assert.rejects(terminal(typed).asked, (error) => isFailure(error, 'not-confirmed'))
  })

  it('is answered by SKIFF_NO_INTERACTIVE, and says so', async () => {
    const { asked, shown } = terminal(undefined, { SKIFF_NO_INTERACTIVE: '1' })
    await asked
    assert.equal(shown(), 'Remove it? yes (SKIFF_NO_INTERACTIVE)\n')
  })

  it('is over when the command is called off', async () => {
    const called = new AbortController()
    const { asked } = terminal(undefined, {}, called.signal)
    called.abort()
    await assert.rejects(asked, (error) => isFailure(error, 'canceled'))
  })

  it('is not asked where nobody sits', async () => {
    const confirm = confirmOn(new PassThrough(), new PassThrough(), {}, new AbortController().signal)
    await assert.rejects(confirm('Remove it?'), (error) => isFailure(error, 'not-confirmed'))
  })
})
