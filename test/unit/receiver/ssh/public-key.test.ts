import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isFailure } from '../../../../src/core/errors.ts'
import { parsePublicKey } from '../../../../src/receiver/ssh/public-key.ts'

const folder = mkdtempSync(join(tmpdir(), 'crew-keys-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** Makes a key with ssh-keygen. @returns its public and private file and the fingerprint ssh-keygen tells */
function makeKey(...args: string[]) {
  const path = join(folder, args.join(''))
  execFileSync('ssh-keygen', ['-q', '-N', '', '-C', 'ann@home on her board', ...args, '-f', path])
  const [, fingerprint] = execFileSync('ssh-keygen', ['-l', '-f', `${path}.pub`], { encoding: 'utf8' }).split(
    ' ',
  )
  return { line: readFileSync(`${path}.pub`, 'utf8'), secret: readFileSync(path, 'utf8'), fingerprint }
}

const refuses = (text: string, rule: RegExp) =>
  assert.throws(
    () => parsePublicKey(text),
    (error) => isFailure(error, 'value-invalid') && rule.test(error.hint),
    text.slice(0, 80),
  )

test('keys of every accepted type have the fingerprint that ssh-keygen tells', () => {
  for (const args of [
    ['-t', 'ed25519'],
    ['-t', 'ecdsa', '-b', '256'],
    ['-t', 'ecdsa', '-b', '521'],
    ['-t', 'rsa', '-b', '2048'],
  ]) {
    const { line, fingerprint } = makeKey(...args)
    const key = parsePublicKey(line)
    assert.equal(key.fingerprint, fingerprint)
    assert.equal(key.comment, 'ann@home on her board')
    assert.equal(`${key.publicKey} ${key.comment}`, line.trim())
    assert.equal(parsePublicKey(`  ${key.publicKey}\r\n\n`).comment, '')
  }
})

test('weak, foreign and damaged keys are refused, each with its reason', () => {
  const { line, secret } = makeKey('-t', 'ed25519', '-a', '17')
  const [type = '', base64 = ''] = line.split(' ')
  refuses(makeKey('-t', 'rsa', '-b', '1024').line, /2048 bits/)
  refuses(secret, /private key/)
  refuses(`${line}${line}`, /one key at a time/)
  refuses(`no-pty,command="id" ${line}`, /options/)
  refuses(`sk-${type}@openssh.com ${base64}`, /security tokens/)
  refuses(`${type} ${base64.slice(0, -8)}`, /damaged/)
  refuses(`${type} ${base64}AAAA`, /damaged/)
  refuses(`ssh-rsa ${base64}`, /damaged/)
  refuses(`${type} not base64`, /damaged/)
  refuses('ssh-dss AAAAB3NzaC1kc3M=', /its type is none of/)
  refuses('', /empty/)
  refuses('\n \n', /empty/)
  refuses('junk', /its type is none of/)
  refuses('ssh-ed25519', /damaged/)
  refuses(`${type} ${'A'.repeat(20_000)}`, /longer than/)
})

test('a private key is not shown in the message', () => {
  const { secret } = makeKey('-t', 'ed25519', '-a', '18')
  assert.throws(
    () => parsePublicKey(secret),
    (error) => isFailure(error) && !error.message.includes('OPENSSH'),
  )
})
