// The same inputs and the same SOURCE_DATE_EPOCH make the same bytes: two workspaces in two folders, packages fetched
// for each, the second under another umask and in another time zone.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { assembleDebian } from '../../src/image/debian/assemble.ts'
import type { Manifest } from '../../src/image/set/manifest.ts'
import { mirrorSettings } from './harness/mirror.ts'

const CHAIN = ['skiff/base', 'virt/common', 'virt/qemu']
const EPOCH = '1760000000'
const configs = new URL('../../buildroot/configs/', import.meta.url).pathname

/** A small engine image, so that its way is walked too, and firmware that no mirror has. */
const LISTS = {
  'engine-packages': 'haproxy\n',
  'engine-keep': 'usr/sbin/haproxy\n',
  'firmware-packages': '?firmware-that-nobody-has\n',
}

async function assemble(folder: string, extra: string): Promise<Manifest> {
  const packages = CHAIN.map((name) => ({ name, path: join(configs, name) }))
  const output = join(folder, 'output')
  return await assembleDebian(
    { folder, output, chain: { packages: [...packages, { name: 'test/extra', path: extra }] } },
    {
      report: { step: (text) => console.log(`-----> ${text}`), line: () => {} },
      signal: AbortSignal.timeout(500_000),
      environment: {
        ...(await mirrorSettings('arm64', CHAIN)),
        SKIFF_PACKING: 'fast',
        SOURCE_DATE_EPOCH: EPOCH,
      },
    },
  )
}

/** Where two files differ first, in words; undefined when they do not. Pure. */
export function difference(name: string, one: Buffer, other: Buffer): string | undefined {
  if (one.equals(other)) return undefined
  const length = Math.min(one.length, other.length)
  let at = 0
  while (at < length && one[at] === other[at]) at += 1
  const bytes = (buffer: Buffer) => buffer.subarray(at, at + 16).toString('hex') || 'its end'
  return `${name} differs from byte ${at} on: ${bytes(one)} in one of ${one.length} bytes, ${bytes(other)} in one of ${other.length}`
}

describe('two runs of the Debian assembler', { timeout: 900_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'crew-reproducible-'))
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('see a single byte that differs', () => {
    const one = Buffer.from('abcd')
    assert.equal(difference('x', one, Buffer.from('abcd')), undefined)
    assert.match(difference('x', one, Buffer.from('abXd')) ?? '', /^x differs from byte 2 on: 6364 in/)
    assert.match(difference('x', one, Buffer.from('ab')) ?? '', /byte 2 on: 6364 in .* its end in one of 2/)
  })

  it('make the same bytes', async () => {
    const extra = join(folder, 'extra')
    mkdirSync(join(extra, 'debian'), { recursive: true })
    for (const [name, text] of Object.entries(LISTS)) writeFileSync(join(extra, 'debian', name), text)
    const one = await assemble(join(folder, 'one'), extra)
    const { TZ } = process.env
    const umask = process.umask(0o077)
    process.env.TZ = 'Asia/Kathmandu'
    const other = await assemble(join(folder, 'another folder'), extra).finally(() => {
      process.umask(umask)
      if (TZ === undefined) delete process.env.TZ
      else process.env.TZ = TZ
    })
    assert.deepEqual(
      other.files.map(({ name }) => name),
      one.files.map(({ name }) => name),
    )
    for (const { name } of [...one.files, { name: 'manifest.json' }]) {
      const read = (workspace: string) => readFileSync(join(folder, workspace, 'output', name))
      const found = difference(name, read('one'), read('another folder'))
      assert.equal(found, undefined, found)
    }
    assert.equal(other.checksum, one.checksum)
    assert.equal(one.time, Number(EPOCH))
    const names = one.files.map(({ name }) => name)
    assert.ok(names.includes('engine.squashfs'))
    assert.ok(!names.includes('firmware.squashfs'), 'what may be missing is left out')
  })
})
