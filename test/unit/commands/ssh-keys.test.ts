import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Bench } from './harness.ts'

/** A key that ssh-keygen made, and the fingerprint it prints. */
function makeKey(folder: string): { line: string; fingerprint: string } {
  const file = join(folder, 'key')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'me@board', '-f', file])
  const [, fingerprint = ''] = execFileSync('ssh-keygen', ['-lf', file], { encoding: 'utf8' }).split(' ')
  return { line: readFileSync(`${file}.pub`, 'utf8'), fingerprint }
}

test('a key is added from stdin or as words, listed, and removed', async () => {
  using bench = new Bench()
  const { line, fingerprint } = makeKey(bench.folder)
  assert.equal(await bench.out(['ssh-keys:add', 'me'], { stdin: line }), `${fingerprint}\n`)
  assert.equal(await bench.out(['ssh-keys:list']), `${fingerprint} NAME="me"\n`)
  const [key] = bench.store.keys.list()
  assert.deepEqual(await bench.json(['ssh-keys:list']), [
    { name: 'me', fingerprint, publicKey: line.split(' ').slice(0, 2).join(' '), createdAt: key?.createdAt },
  ])
  assert.deepEqual(await bench.run(['ssh-keys:remove', 'me']), { status: 0, stdout: '', stderr: '' })
  assert.equal(await bench.out(['ssh-keys:add', 'me', ...line.trim().split(' ')]), `${fingerprint}\n`)
})

test('a key that is none, is there, or has a bad name is refused', async () => {
  using bench = new Bench()
  const { line } = makeKey(bench.folder)
  await bench.out(['ssh-keys:add', 'me'], { stdin: line })
  const told = async (name: string, stdin: string) => {
    const { status, stderr } = await bench.run(['ssh-keys:add', name], { stdin })
    assert.equal(status, 1)
    return stderr.split('\n')[0]
  }
  assert.match((await told('you', line)) ?? '', /^ ! {5}key SHA256:\S+ exists already$/)
  assert.match((await told('you', 'no key')) ?? '', /^ ! {5}invalid SSH public key/)
  assert.match((await told('you', '')) ?? '', /^ ! {5}invalid SSH public key/)
  assert.equal(await told('local', line), ' !     invalid key name "local"')
  assert.equal(await told('a"b', line), ' !     invalid key name "a\\"b"')
  assert.equal(await told('you', 'x'.repeat(100_000)), ' !     invalid input of over 65536 bytes')
  assert.deepEqual(await bench.run(['ssh-keys:remove', 'you']), {
    status: 1,
    stdout: '',
    stderr: ' !     key you does not exist\n !     ssh-keys:list shows those there are\n',
  })
})
