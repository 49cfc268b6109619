import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { TerminalInput, withCarriageReturns } from '../../../../src/receiver/ssh/terminal.ts'

function terminal() {
  const echo = new PassThrough()
  let interrupts = 0
  const input = new TerminalInput(echo, () => interrupts++)
  const text = (stream: PassThrough | TerminalInput) => (stream.read() as Buffer | null)?.toString() ?? ''
  return { input, typed: () => text(input), echoed: () => text(echo), interrupts: () => interrupts }
}

test('line feeds become CR LF, once', () => {
  assert.equal(withCarriageReturns(Buffer.from('a\nb\r\nc')).toString(), 'a\r\nb\r\nc')
  const bytes = Buffer.from([0xff, 0x00, 0xc3])
  assert.equal(withCarriageReturns(bytes), bytes)
})

test('typed keys are echoed and become lines at Return', () => {
  const { input, typed, echoed } = terminal()
  input.write('my-app')
  assert.equal(typed(), '')
  input.write('\r')
  assert.equal(typed(), 'my-app\n')
  assert.equal(echoed(), 'my-app\n')
})

test('Backspace takes back one character, however many bytes it has', () => {
  const { input, typed } = terminal()
  input.write('aü\u007f\u007f\u007fb\r')
  assert.equal(typed(), 'b\n')
})

test('Ctrl-C interrupts, Ctrl-D on an empty line ends, other control characters are nothing', async () => {
  const { input, typed, interrupts } = terminal()
  input.write('a\u001b\u0003')
  assert.equal(interrupts(), 1)
  input.write('\u0004')
  assert.equal(typed(), 'a')
  const ended = new Promise((resolve) => input.once('end', resolve))
  input.resume()
  input.write('\u0004')
  await ended
})
