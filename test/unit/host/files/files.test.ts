import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { takeLock } from '../../../../src/host/files/lock.ts'
import { writeWhole } from '../../../../src/host/files/write.ts'

test('a file is replaced whole, with its mode, and leaves no temporary', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'crew-files-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'key')
  await writeWhole(path, 'old')
  await writeWhole(path, 'new', 0o644)
  assert.equal(readFileSync(path, 'utf8'), 'new')
  assert.equal(statSync(path).mode & 0o777, 0o644)
  assert.deepEqual(readdirSync(folder), ['key'])
})

test('a lock is had once, and a process that is killed lets go of it', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'crew-lock-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'lock')
  const module = new URL('../../../../src/host/files/lock.ts', import.meta.url).href
  const script = `const { takeLock } = await import(${JSON.stringify(module)}); if (!takeLock(${JSON.stringify(path)})) process.exit(1); process.kill(process.pid, 'SIGKILL')`
  const other = () => spawnSync(process.execPath, ['--input-type=module', '-e', script])
  assert.equal(other().signal, 'SIGKILL')
  const lock = takeLock(path)
  assert.ok(lock)
  assert.equal(other().status, 1)
  lock[Symbol.dispose]()
  assert.equal(other().signal, 'SIGKILL')
})
