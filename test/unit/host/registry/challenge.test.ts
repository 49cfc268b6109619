import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseChallenges } from '../../../../src/host/registry/challenge.ts'

const read = (header: string) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)])

test('what a registry asks for is read, with commas and quotes inside of quotes', () => {
  assert.deepEqual(
    read('Bearer realm="https://auth.example.org/token",service="reg",scope="repository:a/b:pull,push"'),
    [
      [
        'bearer',
        { realm: 'https://auth.example.org/token', service: 'reg', scope: 'repository:a/b:pull,push' },
      ],
    ],
  )
  assert.deepEqual(read('Basic realm="say \\"hello\\""'), [['basic', { realm: 'say "hello"' }]])
  assert.deepEqual(read('Basic realm=bare'), [['basic', { realm: 'bare' }]])
})

test('several challenges are told apart', () => {
  assert.deepEqual(read('Negotiate, Basic realm="x", Bearer realm="y" , scope="z"'), [
    ['negotiate', {}],
    ['basic', { realm: 'x' }],
    ['bearer', { realm: 'y', scope: 'z' }],
  ])
})

test('nonsense is no challenge, and costs no time', () => {
  assert.deepEqual(read(''), [])
  assert.deepEqual(read('"""'), [])
  assert.deepEqual(read(`Bearer ${'a="'.repeat(2000)}`), [])
  const began = performance.now()
  read(`Bearer ${'\\"'.repeat(1500)}`)
  read(`Bearer realm="${'\\'.repeat(4000)}`)
  assert.ok(performance.now() - began < 200)
})
