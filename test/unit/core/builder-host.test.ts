import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builderAddress, parseBuilderHost, sshDestination } from '../../../src/core/builder-host.ts'
import { isFailure } from '../../../src/core/errors.ts'

test('a builder is an address of ssh, of which user and port may be left to its configuration', () => {
  assert.deepEqual(parseBuilderHost('ssh://pc'), { user: null, host: 'pc', port: null })
  assert.deepEqual(parseBuilderHost(' ssh://me@pc.local:2222/ '), {
    user: 'me',
    host: 'pc.local',
    port: 2222,
  })
  assert.deepEqual(parseBuilderHost('ssh://me@[fe80::1%eth0]:22'), {
    user: 'me',
    host: 'fe80::1%eth0',
    port: 22,
  })
})

test('its normal form reads as the same', () => {
  for (const text of ['ssh://pc', 'ssh://me@pc.local:2222', 'ssh://[::1]:22', 'ssh://a.b@10.0.0.1'])
    assert.equal(builderAddress(parseBuilderHost(text)), text)
  assert.equal(sshDestination(parseBuilderHost('ssh://me@[::1]:22')), 'me@::1')
})

// ssh takes a destination that begins with a dash as an option, and -oProxyCommand= runs a program
test('nothing that ssh could take for an option, or a shell for more than a word, is one', () => {
  for (const text of [
    '',
    'pc',
    'ssh://',
    'ssh://-oProxyCommand=x',
    'ssh://-l@pc',
    'ssh://me@-pc',
    'ssh://me@pc;id',
    'ssh://$(id)@pc',
    'ssh://me@pc\nx',
    'ssh://me@pc x',
    "ssh://me'@pc",
    'ssh://me:secret@pc',
    'ssh://a@b@pc',
    'ssh://pc:0',
    'ssh://pc:65536',
    'ssh://pc:22x',
    'ssh://pc/path',
    'ssh://[::1',
    'ssh://me@%68ost',
    'tcp://pc:2375',
    `ssh://${'x'.repeat(300)}`,
  ]) {
    assert.throws(
      () => parseBuilderHost(text),
      (error) => isFailure(error, 'value-invalid'),
      text,
    )
  }
})
