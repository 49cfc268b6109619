import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as tick } from 'node:timers/promises'
import { Recovery } from '../../../../src/host/queue/recovery.ts'

const never = new AbortController().signal

test('the first change waits for the recovery, later ones do not pay again', async () => {
  const order: string[] = []
  const recovery = new Recovery(async () => {
    order.push('recovered')
  }, never)
  await Promise.all([1, 2].map((n) => recovery.during(never, async () => void order.push(`change ${n}`))))
  assert.deepEqual(order, ['recovered', 'change 1', 'change 2'])
})

test('a recovery that failed is tried again by the next change', async () => {
  let tries = 0
  const recovery = new Recovery(async () => {
    if (++tries === 1) throw new Error('no engine')
  }, never)
  await assert.rejects(
    recovery.during(never, async () => {}),
    /no engine/,
  )
  await recovery.during(never, async () => {})
  assert.equal(tries, 2)
})

test('a recovery waits until no change is under way', async () => {
  const order: string[] = []
  const recovery = new Recovery(async () => void order.push('recovered'), never)
  const gate = Promise.withResolvers<void>()
  await recovery.ensure(never)
  const change = recovery.during(never, async () => {
    await gate.promise
    order.push('change ended')
  })
  await tick()
  recovery.spoil()
  const again = recovery.ensure(never)
  gate.resolve()
  await Promise.all([change, again])
  assert.deepEqual(order, ['recovered', 'change ended', 'recovered'])
})

test('who leaves while a recovery runs takes nothing from the others', async () => {
  const gate = Promise.withResolvers<void>()
  const recovery = new Recovery((signal) => {
    signal.throwIfAborted()
    return gate.promise
  }, never)
  const leaving = new AbortController()
  const first = recovery.during(leaving.signal, async () => {})
  const second = recovery.during(never, async () => {})
  leaving.abort()
  await assert.rejects(first, /called off/)
  gate.resolve()
  await second
})

test('a recovery that waits for a change to end does not hold up the stopping daemon', async () => {
  const stopping = new AbortController()
  const recovery = new Recovery(async () => {}, stopping.signal)
  const gate = Promise.withResolvers<void>()
  await recovery.ensure()
  const change = recovery.during(never, () => gate.promise)
  await tick()
  recovery.spoil()
  const again = recovery.ensure()
  stopping.abort()
  await assert.rejects(again, /called off/)
  gate.resolve()
  await change
})
