import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as tick } from 'node:timers/promises'
import { isFailure } from '../../../../src/core/errors.ts'
import { Turns, TurnsByKey } from '../../../../src/host/queue/turns.ts'

const never = new AbortController().signal

test('who finds a free place does not hear of a line', async () => {
  const turns = new Turns(1)
  const places: number[] = []
  await using _turn = await turns.take({ signal: never, onPlace: (place) => places.push(place) })
  assert.deepEqual(places, [])
})

test('who waits reads the place, and reads it again when it gets better', async () => {
  const turns = new Turns(1)
  const places: number[] = []
  const first = await turns.take({ signal: never })
  const second = turns.take({ signal: never })
  const third = turns.take({ signal: never, onPlace: (place) => places.push(place) })
  await tick()
  await first[Symbol.asyncDispose]()
  await (await second)[Symbol.asyncDispose]()
  await (await third)[Symbol.asyncDispose]()
  assert.deepEqual(places, [2, 1])
})

test('who gives up waiting leaves the line to the others', async () => {
  const turns = new Turns(1)
  const first = await turns.take({ signal: never })
  const gone = new AbortController()
  const second = turns.take({ signal: gone.signal })
  const third = turns.take({ signal: never })
  gone.abort()
  await assert.rejects(second, (error) => isFailure(error, 'canceled'))
  await first[Symbol.asyncDispose]()
  await (await third)[Symbol.asyncDispose]()
})

test('a turn given up in the moment it came up blocks nobody', async () => {
  const turns = new Turns(1)
  const first = await turns.take({ signal: never })
  const gone = new AbortController()
  const second = turns.take({ signal: gone.signal })
  await first[Symbol.asyncDispose]()
  gone.abort()
  await second.then(
    (turn) => turn[Symbol.asyncDispose](),
    () => {},
  )
  await (await turns.take({ signal: AbortSignal.timeout(1000) }))[Symbol.asyncDispose]()
})

test('two apps do not wait for each other, two changes of one do', async () => {
  const turns = new TurnsByKey()
  const order: string[] = []
  const a = await turns.take('a', { signal: never })
  const again = turns.take('a', { signal: never }).then(async (turn) => {
    order.push('a again')
    await turn[Symbol.asyncDispose]()
  })
  const b = await turns.take('b', { signal: never })
  order.push('b')
  await a[Symbol.asyncDispose]()
  await b[Symbol.asyncDispose]()
  await again
  assert.deepEqual(order, ['b', 'a again'])
})
