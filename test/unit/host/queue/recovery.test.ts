import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as tick } from 'node:timers/promises'
import { Recovery } from '../../../../src/host/queue/recovery.ts'

const never = new AbortController().signal

test('the first change waits for the recovery, later ones do not pay again', async () => {
  const order: string[] = []
  const recovery = new Recovery(async () => {
    order.push('recovered')
  })
  await Promise.all([1, 2].map((n) => recovery.during(never, async () => void order.push(`change ${n}`))))
  assert.deepEqual(order, ['recovered', 'change 1', 'change 2'])
})

test('a recovery that failed is tried again by the next change', async () => {
  let tries = 0
  const recovery = new Recovery(async () => {
    if (++tries === 1) throw new Error('no engine')
  })
  await assert.rejects(
    recovery.during(never, async () => {}),
    /no engine/,
  )
  await recovery.during(never, async () => {})
  assert.equal(tries, 2)
})

test('a recovery waits until no change is under way', async () => {
  const order: string[] = []
  const recovery = new Recovery(async () => void order.push('recovered'))
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
