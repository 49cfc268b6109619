import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failure } from '../../../src/core/errors.ts'
import type { Credentials } from '../../../src/host/registry/credentials.ts'
import { Bench } from './harness.ts'

/** A bench whose registries accept every login but the password `wrong`. */
function registryBench() {
  const bench = new Bench()
  const checked: [string, Credentials][] = []
  bench.checkLogin = async (registry, credentials) => {
    checked.push([registry, credentials])
    if (credentials.password === 'wrong')
      throw failure('registry-refused', { registry, username: credentials.username, problem: 'unauthorized' })
  }
  return { bench, checked }
}

test('a login is checked, kept, listed without its password, and forgotten', async () => {
  const { bench, checked } = registryBench()
  using _ = bench
  const stdin = 'open sesame\nmore\n'
  const words = ['registry:login', '--password-stdin', 'https://index.docker.io/v1/', 'me']
  assert.equal(await bench.out(words, { stdin }), 'Login Succeeded\n')
  assert.deepEqual(checked, [['docker.io', { username: 'me', password: 'open sesame' }]])
  assert.deepEqual(bench.store.registries.find('docker.io'), { username: 'me', password: 'open sesame' })
  const [login] = bench.store.registries.list()
  assert.equal(await bench.out(['registry:list']), `docker.io  me  ${login?.createdAt}\n`)
  assert.deepEqual(await bench.json(['registry:list']), [
    { server: 'docker.io', username: 'me', createdAt: login?.createdAt },
  ])
  assert.deepEqual(await bench.run(['registry:logout', 'docker.io']), { status: 0, stdout: '', stderr: '' })
  assert.equal(bench.store.registries.find('docker.io'), undefined)
  assert.deepEqual(await bench.run(['registry:logout', 'docker.io']), {
    status: 1,
    stdout: '',
    stderr: ' !     login at docker.io does not exist\n !     registry:list shows those there are\n',
  })
})

test('the password may be a word, and is read from stdin when there is none', async () => {
  const { bench, checked } = registryBench()
  using _ = bench
  await bench.out(['registry:login', 'ghcr.io', 'me', 'word'])
  await bench.out(['registry:login', 'ghcr.io', 'me'], { stdin: 'piped\r\n' })
  assert.deepEqual(
    checked.map(([, { password }]) => password),
    ['word', 'piped'],
  )
  assert.equal(bench.store.registries.find('ghcr.io')?.password, 'piped')
})

test('a login that is refused changes nothing and says why, without the password', async () => {
  const { bench } = registryBench()
  using _ = bench
  await bench.out(['registry:login', 'ghcr.io', 'me', 'good'])
  const { status, stdout, stderr } = await bench.run(['registry:login', 'ghcr.io', 'you', 'wrong'])
  assert.deepEqual([status, stdout], [1, ''])
  assert.match(
    stderr,
    /^ ! {5}ghcr\.io did not accept the login of you: unauthorized\n !.*nothing was changed/,
  )
  assert.ok(!stderr.includes('wrong'))
  assert.deepEqual(bench.store.registries.find('ghcr.io'), { username: 'me', password: 'good' })
})

test('words that make no login are refused before anybody is asked', async () => {
  const { bench, checked } = registryBench()
  using _ = bench
  const told = async (...words: string[]) => {
    const { status, stderr } = await bench.run(['registry:login', ...words], { stdin: '\n' })
    return `${status}${stderr.split('\n')[0]}`
  }
  assert.equal(await told('ghcr.io/me', 'me', 'x'), '1 !     invalid registry "ghcr.io/me"')
  assert.equal(await told('ghcr.io', 'a:b', 'x'), '1 !     invalid user name "a:b"')
  assert.equal(await told('ghcr.io', 'me'), '1 !     invalid password ""')
  assert.match(
    await told('--password-stdin', 'ghcr.io', 'me', 'x'),
    /^2 .* got a password and --password-stdin/,
  )
  assert.deepEqual(checked, [])
  assert.deepEqual(bench.store.registries.list(), [])
})
