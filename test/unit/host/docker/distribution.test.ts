import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeAnswer } from '../../../../src/host/docker/distribution.ts'
import { enginePlatform } from '../../../../src/host/docker/engine.ts'

const state = (status: number, words: string) => judgeAnswer(status, words).state

test('a login that is missing is told from an image that is missing, whatever the status', () => {
  assert.equal(state(401, 'unauthorized: authentication required'), 'denied')
  assert.equal(state(403, 'errors: denied: requested access to the resource is denied'), 'denied')
  assert.equal(
    state(404, "pull access denied for x/y, repository does not exist or may require 'docker login'"),
    'denied',
  )
  assert.equal(state(500, 'Get "https://r.example.org/v2/": no basic auth credentials'), 'denied')
  assert.equal(state(500, 'denied: requested access to the resource is denied'), 'denied')
  assert.equal(state(404, 'manifest unknown: manifest unknown'), 'absent')
  assert.equal(state(500, 'errors:\nmanifest unknown: manifest unknown\n'), 'absent')
  assert.equal(state(500, 'name unknown: repository name not known to registry'), 'absent')
})

test('a registry that is not reached is no verdict on the image, and its words are kept', () => {
  for (const words of [
    'Get "https://r.example.org/v2/": dial tcp: lookup r.example.org: no such host',
    'Get "https://r.example.org/v2/": dial tcp 192.0.2.1:443: i/o timeout',
    'Get "https://r.example.org/v2/": http: server gave HTTP response to HTTPS client',
    'Get "https://r.example.org/v2/": x509: certificate signed by unknown authority',
    'Get "https://r.example.org/v2/": net/http: request canceled while waiting for connection',
    'toomanyrequests: You have reached your pull rate limit',
    'received unexpected HTTP status: 503 Service Unavailable',
  ])
    assert.deepEqual(judgeAnswer(500, words), { state: 'unreachable', problem: words })
  assert.deepEqual(judgeAnswer(500, ''), { state: 'unreachable', problem: 'the engine answered 500' })
})

test('the kernel tells which ARM an engine runs on', () => {
  assert.equal(enginePlatform('linux', 'amd64', 'x86_64'), 'linux/amd64')
  assert.equal(enginePlatform('linux', 'arm64', 'aarch64'), 'linux/arm64')
  assert.equal(enginePlatform('linux', 'arm', 'armv7l'), 'linux/arm/v7')
  assert.equal(enginePlatform('linux', 'arm', 'armv6l'), 'linux/arm/v6')
  assert.equal(enginePlatform('linux', 'arm', 'aarch64'), 'linux/arm/v7')
  assert.equal(enginePlatform('linux', 'arm', ''), 'linux/arm/v7')
  assert.equal(enginePlatform('linux', 'riscv64', 'riscv64'), 'linux/riscv64')
  assert.equal(enginePlatform('linux', 'loong64', 'loongarch64'), 'linux/loong64')
})
