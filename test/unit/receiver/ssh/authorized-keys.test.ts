import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import ssh2 from 'ssh2'
import { noLog } from '../../../../src/core/log.ts'
import { Store } from '../../../../src/host/store/store.ts'
import { keyName, publishKeys, registerAdmins } from '../../../../src/receiver/ssh/authorized-keys.ts'
import { isLoopback } from '../../../../src/receiver/ssh/front.ts'

const folder = mkdtempSync(join(tmpdir(), 'crew-keys-'))
after(() => rmSync(folder, { recursive: true }))
let files = 0
const fileOf = (text: string) => {
  const file = join(folder, `file-${++files}`)
  writeFileSync(file, text)
  return file
}
const newKey = (comment: string) =>
  ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256, comment }).public.trim()
const newStore = () => new Store(join(folder, `store-${++files}.db`))

describe('keys of admins', () => {
  it('are registered once, under a name from their comment; what is no key is told and skipped', async () => {
    using store = newStore()
    const [one, two] = [newKey('ann@desk top'), newKey('ann@desk top')]
    const file = fileOf(`# who\n${one}\n\nnonsense\nfrom="10.0.0.1" ${newKey('x')}\n${two}\n`)
    const problems: object[] = []
    const log = { ...noLog, warn: (fields: object) => void problems.push(fields) }
    assert.deepEqual(await registerAdmins(file, store.keys, log), ['ann@desk-top', 'ann@desk-top-2'])
    assert.deepEqual(
      problems.map((each) => (each as { line: number }).line),
      [4, 5],
    )
    assert.deepEqual(await registerAdmins(file, store.keys, noLog), [], 'a second start adds nothing')
  })

  it('of a file that is not there are none, and the start goes on', async () => {
    using store = newStore()
    assert.deepEqual(await registerAdmins(join(folder, 'nowhere'), store.keys, noLog), [])
  })

  it('have a name whatever their comment is', () => {
    const never = () => false
    assert.deepEqual(
      ['', 'local', '../x', 'Ä', 'a b'].map((comment) => keyName(comment, never)),
      ['admin', 'admin', 'x', 'admin', 'a-b'],
    )
  })
})

describe('the file of registered keys', () => {
  it('forces each key to say whose it is', async () => {
    using store = newStore()
    await registerAdmins(fileOf(newKey('ann')), store.keys, noLog)
    const file = join(folder, 'authorized')
    await publishKeys(file, store.keys)
    const [key] = store.keys.list()
    assert.equal(
      readFileSync(file, 'utf8'),
      `restrict,pty,command="${key?.fingerprint}" ${key?.publicKey} ann\n`,
    )
    assert.equal(statSync(file).mode & 0o777, 0o644)
  })
})

it('only this machine is in front', () => {
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])
    assert.ok(isLoopback(address), address)
  for (const address of ['10.0.0.1', '::2', '128.0.0.1', '1.127.0.1', undefined])
    assert.ok(!isLoopback(address))
})
