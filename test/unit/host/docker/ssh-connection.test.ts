import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../../../../src/core/errors.ts'
import { Engine, engineFailure } from '../../../../src/host/docker/engine.ts'

test('an address of ssh is checked before any ssh starts', () => {
  assert.throws(
    () => new Engine('ssh://-oProxyCommand=x'),
    (error) => isFailure(error, 'value-invalid'),
  )
  assert.equal(new Engine('ssh://me@pc').ssh?.builder.host, 'pc')
})

// dockerode reads DOCKER_HOST also when it is told a path
test('a path wins over a DOCKER_HOST of the environment', () => {
  const before = process.env.DOCKER_HOST
  process.env.DOCKER_HOST = 'ssh://elsewhere'
  try {
    const { modem } = new Engine('unix:///run/x.sock').docker as unknown as {
      modem: { host: string; protocol: string; socketPath: string }
    }
    assert.deepEqual([modem.host, modem.protocol, modem.socketPath], ['', 'http', '/run/x.sock'])
  } finally {
    if (before === undefined) delete process.env.DOCKER_HOST
    else process.env.DOCKER_HOST = before
  }
})

// what the loss of the board's own engine sets in motion must not follow from the loss of a builder
test('a builder that is lost is no lost engine', () => {
  const lost = Object.assign(new Error('aborted'), { code: 'ECONNRESET' })
  assert.ok(isFailure(engineFailure({ address: 'ssh://pc' }, lost), 'builder-unreachable'))
  assert.ok(isFailure(engineFailure({ address: 'unix:///x' }, lost), 'engine-unreachable'))
})
