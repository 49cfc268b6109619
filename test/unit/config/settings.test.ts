import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadSettings, parseSettingsFile, settingNames, variableOf } from '../../../src/config/settings.ts'
import { isFailure } from '../../../src/core/errors.ts'

test('a flag beats the environment, which beats the file, which beats the default', () => {
  const file = 'ssh-port = 3\nrouter-http-port = 4\n'
  const settings = loadSettings({
    flags: { 'ssh-port': '1' },
    env: { CREW_SSH_PORT: '2', CREW_BUILD_TIMEOUT: '5m' },
    file,
  })
  assert.equal(settings['ssh-port'], 1)
  assert.equal(settings['router-http-port'], 4)
  assert.equal(settings['build-timeout'], 300_000)
  assert.equal(settings['stop-timeout'], 30_000)
})

test('DOCKER_HOST stands in for the engine only when nothing names that', () => {
  assert.equal(loadSettings({ env: { DOCKER_HOST: 'unix:///a' }, file: '' })['engine-host'], 'unix:///a')
  assert.equal(
    loadSettings({ env: { DOCKER_HOST: 'unix:///a', CREW_ENGINE_HOST: 'unix:///b' }, file: '' })[
      'engine-host'
    ],
    'unix:///b',
  )
})

test('a value that makes no sense is refused with the place it came from', () => {
  for (const [name, value] of [
    ['ssh-port', '99999'],
    ['disk-min-free', 'much'],
    ['builder', 'podman'],
    ['network-subnet', '10.0.0.0/33'],
    ['router-port-range', '9-1'],
    ['build-concurrency', '0'],
  ] as const) {
    assert.throws(
      () => loadSettings({ env: { [variableOf(name)]: value }, file: '' }),
      (error) => isFailure(error, 'setting-invalid') && error.message.includes(variableOf(name)),
      name,
    )
  }
})

test('the file takes comments and names the line that is wrong', () => {
  assert.deepEqual(parseSettingsFile('# mine\n\nssh-port = 22\n', 'f'), { 'ssh-port': '22' })
  assert.throws(
    () => parseSettingsFile('ssh-port = 22\nshh-port = 1', 'f'),
    (error) => isFailure(error, 'setting-invalid') && error.message.includes('f:2'),
  )
})

test('every default passes its own check', () => {
  const settings = loadSettings({ file: '' })
  for (const name of settingNames) assert.notEqual(settings[name], undefined, name)
})
