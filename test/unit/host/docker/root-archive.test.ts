import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import tar from 'tar-stream'
import { isFailure } from '../../../../src/core/errors.ts'
import { lookIntoArchive, parseOsRelease } from '../../../../src/host/docker/root-archive.ts'

const { signal } = new AbortController()
const OS_RELEASE = 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nVERSION_CODENAME=trixie\nID=debian\n'

type Entry = Parameters<ReturnType<typeof tar.pack>['entry']>[0] & { readonly content?: string | Buffer }

async function packed(...entries: Entry[]): Promise<Buffer> {
  const pack = tar.pack()
  for (const { content, ...header } of entries) pack.entry(header, content ?? '')
  pack.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of pack) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** The first bytes of a program: elf(5). */
function elf(machine: number, bits: 32 | 64, little = true): Buffer {
  const head = Buffer.alloc(64)
  head.write('\x7fELF', 'latin1')
  head[4] = bits === 64 ? 2 : 1
  head[5] = little ? 1 : 2
  head[6] = 1
  if (little) {
    head.writeUInt16LE(2, 16)
    head.writeUInt16LE(machine, 18)
  } else {
    head.writeUInt16BE(2, 16)
    head.writeUInt16BE(machine, 18)
  }
  return head
}

const program = (name: string, head: Buffer): Entry => ({
  name,
  content: Buffer.concat([head, randomBytes(5000)]),
})
const root = () =>
  packed(
    { name: './', type: 'directory' },
    { name: './bin', type: 'symlink', linkname: 'usr/bin' },
    { name: './etc/os-release', type: 'symlink', linkname: '../usr/lib/os-release' },
    program('./usr/bin/bash', elf(183, 64)),
    { name: './usr/lib/os-release', content: OS_RELEASE },
  )

async function* pieces(bytes: Buffer, size = 1000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
const look = (bytes: Buffer, name = 'rootfs.tar', most?: number) =>
  lookIntoArchive(pieces(bytes), name, signal, most)

async function problemOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => assert.fail('it was read'),
    (error: unknown) => error,
  )
  assert.ok(isFailure(error, 'build-failed'), String(error))
  return error.message
}

const xz = (bytes: Buffer) => execFileSync('xz', ['--stdout'], { input: bytes, maxBuffer: 2 ** 28 })
/** How many xz are running as children of this process. */
const decompressors = () =>
  execFileSync('ps', ['-o', 'comm=', '--ppid', String(process.pid)], { encoding: 'utf8' })
    .split('\n')
    .filter((name) => name === 'xz').length

async function noneLeft(): Promise<void> {
  for (let tries = 0; decompressors() > 0; tries++) {
    assert.ok(tries < 50, 'an xz is left')
    await sleep(20)
  }
}

describe('an archive of a root file system', () => {
  test('tells its processor and distribution, however it is compressed', async () => {
    const bytes = await root()
    const forms: Record<string, Buffer> = {
      'rootfs.tar': bytes,
      'rootfs.tar.gz': gzipSync(bytes),
      'rootfs.tgz': gzipSync(bytes),
      'rootfs.tar.xz': xz(bytes),
      'rootfs.txz': xz(bytes),
      'rootfs.tar.zst': zstdCompressSync(bytes),
      'rootfs.tzst': zstdCompressSync(bytes),
    }
    for (const [name, content] of Object.entries(forms))
      assert.deepEqual(
        await look(content, name),
        { platforms: ['linux/arm64'], distribution: { id: 'debian', version: 'trixie' } },
        name,
      )
    await noneLeft()
  })

  test('tells its processor by the header of the first program', async () => {
    const headers: readonly (readonly [string[], Buffer])[] = [
      [['linux/arm64'], elf(183, 64)],
      [['linux/riscv64'], elf(243, 64)],
      [['linux/386'], elf(3, 32)],
      [['linux/amd64'], elf(62, 64)],
      [['linux/arm/v7', 'linux/arm/v6', 'linux/arm/v5'], elf(40, 32)],
      [['linux/s390x'], elf(22, 64, false)],
      [['linux/mips64le'], elf(8, 64)],
      [[], elf(8, 64, false)],
      [[], elf(62, 32)],
    ]
    for (const [platforms, head] of headers)
      for (const folder of ['bin', 'sbin', 'usr/bin', './usr/sbin'])
        assert.deepEqual((await look(await packed(program(`${folder}/x`, head)))).platforms, platforms)
  })

  test('has no processor when it holds scripts, links and libraries only', async () => {
    const bytes = await packed(
      { name: 'bin/script', content: '#!/bin/sh\n' },
      { name: 'bin/empty' },
      { name: 'bin/short', content: '\x7fEL' },
      { name: 'bin/sh', type: 'symlink', linkname: 'script' },
      program('usr/lib/libc.so.6', elf(183, 64)),
      program('usr/bin/deep/x', elf(183, 64)),
    )
    assert.deepEqual(await look(bytes), { platforms: undefined, distribution: undefined })
    assert.deepEqual(await look(await packed()), { platforms: undefined, distribution: undefined })
  })

  test('may hold device nodes and pipes: they are passed over, and nothing is unpacked', async () => {
    const bytes = await packed(
      { name: 'dev/sda', type: 'block-device', devmajor: 8, devminor: 0 },
      { name: 'bin/mem', type: 'character-device', devmajor: 1, devminor: 1 },
      { name: 'bin/pipe', type: 'fifo' },
      program('bin/sh', elf(243, 64)),
    )
    assert.deepEqual((await look(bytes)).platforms, ['linux/riscv64'])
  })

  test('is refused when one of its paths leads out of it', async () => {
    for (const name of ['../etc/passwd', 'a/../../b', './../x', '/etc/passwd', './/etc/passwd', 'bin/..']) {
      const problem = await problemOf(
        look(await packed({ name, content: 'x' }, program('bin/sh', elf(183, 64)))),
      )
      assert.match(problem, /rootfs\.tar: it has an entry ".*" that leads out of it/, name)
    }
    assert.deepEqual((await look(await packed({ name: 'a..b', content: 'x' }))).platforms, undefined)
  })

  test('is refused when it is cut short', async () => {
    const bytes = await packed({ name: 'etc/x', content: randomBytes(100_000) })
    assert.match(await problemOf(look(bytes.subarray(0, 50_000))), /cannot be read: Unexpected end of data/)
    const gz = gzipSync(bytes)
    assert.match(await problemOf(look(gz.subarray(0, 50_000), 'r.tar.gz')), /cannot be read: unexpected end/)
    for (const [name, cut] of [
      ['r.tar.xz', xz(bytes).subarray(0, 50_000)],
      ['r.tar.zst', zstdCompressSync(bytes).subarray(0, 50_000)],
    ] as const)
      assert.match(await problemOf(look(cut, name)), /cannot be read/, name)
    await noneLeft()
  })

  test('is refused when it is something else', async () => {
    const noise = randomBytes(100_000)
    for (const name of ['r.tar', 'r.tar.gz', 'r.tar.xz', 'r.tar.zst'])
      assert.match(await problemOf(look(noise, name)), /cannot be read/, name)
    await noneLeft()
  })

  test('is given up when it unpacks to more than a root file system has', async () => {
    const bomb = await packed(
      { name: 'zeros', content: Buffer.alloc(2 ** 24) },
      program('bin/sh', elf(183, 64)),
    )
    const forms: Record<string, Buffer> = {
      'r.tar': bomb,
      'r.tar.gz': gzipSync(bomb),
      'r.tar.xz': xz(bomb),
      'r.tar.zst': zstdCompressSync(bomb),
    }
    for (const [name, content] of Object.entries(forms))
      assert.match(await problemOf(look(content, name, 2 ** 20)), /larger than a root file system is/, name)
    assert.deepEqual((await look(gzipSync(bomb), 'r.tar.gz', 2 ** 25)).platforms, ['linux/arm64'])
    await noneLeft()
  })

  test('is read no further than it has told all', async () => {
    let read = 0
    async function* endless(): AsyncGenerator<Buffer> {
      for await (const chunk of pieces(await root())) yield chunk
      for (; read < 1000; read++) yield Buffer.alloc(2 ** 16)
    }
    const { distribution } = await lookIntoArchive(endless(), 'r.tar', signal)
    assert.equal(distribution?.id, 'debian')
    assert.ok(read < 100, `${read} further pieces`)
  })

  test('is left when it is called off in the middle, with nothing behind', async () => {
    const off = new AbortController()
    const bytes = xz(await packed({ name: 'noise', content: randomBytes(2 ** 21) }))
    async function* slow(): AsyncGenerator<Buffer> {
      yield bytes.subarray(0, 2 ** 20)
      off.abort()
      await sleep(20)
      yield bytes.subarray(2 ** 20)
    }
    await assert.rejects(lookIntoArchive(slow(), 'r.tar.xz', off.signal), (error) =>
      isFailure(error, 'canceled'),
    )
    await noneLeft()
  })

  test('passes on what its source says when that fails', async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      yield Buffer.alloc(100)
      throw new Error('git ended too early')
    }
    for (const name of ['r.tar', 'r.tar.gz', 'r.tar.xz'])
      assert.match(await problemOf(lookIntoArchive(broken(), name, signal)), /git ended too early/, name)
    await noneLeft()
  })
})

describe('os-release', () => {
  test('tells a distribution by its codename, or its number where it has none', () => {
    assert.deepEqual(parseOsRelease(OS_RELEASE), { id: 'debian', version: 'trixie' })
    assert.deepEqual(parseOsRelease('ID="ubuntu"\nVERSION_ID="24.04"\nVERSION_CODENAME=noble\n'), {
      id: 'ubuntu',
      version: 'noble',
    })
    assert.deepEqual(parseOsRelease("NAME='Alpine Linux'\nID='alpine'\nVERSION_ID=3.24.1"), {
      id: 'alpine',
      version: '3.24.1',
    })
    assert.deepEqual(
      parseOsRelease('# a comment\n\n ID = debian \nVERSION_ID=13\nHOME_URL="https://a?b=c"\n'),
      {
        id: 'debian',
        version: '13',
      },
    )
  })

  test('without a name or a version, or with odd ones, tells none', () => {
    for (const text of [
      '',
      'ID=debian\n',
      'VERSION_ID=13\n',
      'ID=\nVERSION_ID=13\n',
      'ID=../x\nVERSION_ID=13\n',
      'ID=debian\nVERSION_ID="13 beta"\n',
      'ID=Debian\nVERSION_ID=13\n',
      'ID=debian$(id)\nVERSION_ID=13\n',
    ])
      assert.equal(parseOsRelease(text), undefined, text)
  })
})
