import assert from 'node:assert/strict'
import { test } from 'node:test'
import ssh2 from 'ssh2'
import { makeHostKey } from '../../../../src/receiver/ssh/host-key.ts'

// A daemon's first start failed once with "Malformed OpenSSH private key", and would have failed for ever: the
// key was on the disk by then.
test('every host key that is made can be read again', () => {
  for (let made = 0; made < 1000; made++) {
    const key = ssh2.utils.parseKey(makeHostKey())
    assert.ok(!(key instanceof Error) && key.type === 'ssh-ed25519')
  }
})
