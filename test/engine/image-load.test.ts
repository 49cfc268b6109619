// Images made of files: loaded into the engine for a platform, and looked into for what they are really for.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, describe, test } from 'node:test'
import tarStream, { type Header } from 'tar-stream'
import { isFailure } from '../../src/core/errors.ts'
import { architectureOf, parsePlatform } from '../../src/core/platform.ts'
import { machineOf, removeStaleLooks } from '../../src/host/docker/elf.ts'
import { loadEmptyImage, loadImage } from '../../src/host/docker/load.ts'
import { packRootfs } from '../../src/host/docker/rootfs.ts'
import { hostPlatform } from '../../src/host/emulation/binfmt.ts'
import { testEngine } from './harness/engine.ts'

const engine = testEngine()
const folder = mkdtempSync(join(tmpdir(), 'crew-image-load-'))
const DATE = '2026-06-01'
const host = hostPlatform()

after(() => rmSync(folder, { recursive: true, force: true }))

const configOf = (image: string) =>
  engine.docker.getImage(image).inspect() as Promise<{ Architecture: string; Variant?: string }>

describe('a root file system from outside', () => {
  /** Loads what is left of a tar. */
  async function load(name: string, entries: readonly (Partial<Header> & { name: string })[]) {
    const pack = tarStream.pack()
    for (const entry of entries) pack.entry(entry, entry.type === undefined ? 'content' : '')
    pack.finalize()
    const file = join(folder, `${name}.tar`)
    const rules = { latest: new Date(DATE), without: () => false }
    const layer = await packRootfs(pack as unknown as Readable, file, rules)
    const facts = { platform: host, created: `${DATE}T00:00:00Z`, labels: {}, madeBy: 'a test' }
    return loadImage(engine, facts, `crew-test/${name}:1`, { ...layer, file })
  }

  test('goes into the engine without its devices, sockets and what is no file', async () => {
    const id = await load('devices', [
      { name: './dev/', type: 'directory' },
      { name: './dev/sda', type: 'block-device', devmajor: 8, devminor: 0 },
      { name: './dev/mem', type: 'character-device', devmajor: 1, devminor: 1 },
      { name: './run/pipe', type: 'fifo' },
      { name: './etc/kept', mode: 0o100000 },
    ])
    const created = await engine.docker.createContainer({ Image: id, Cmd: ['none'] })
    const archive = await created.export()
    const extract = tarStream.extract()
    Readable.from(archive as AsyncIterable<Buffer>).pipe(extract as unknown as NodeJS.WritableStream)
    const names: string[] = []
    for await (const entry of extract) {
      const { name, mode, type } = entry.header
      if (/sda|mem|pipe|kept/.test(name)) names.push(`${type} ${name} ${mode & 0o7777}`)
      entry.resume()
    }
    await created.remove()
    assert.deepEqual(names, ['file etc/kept 0'])
  })

  for (const entry of [
    { name: '../outside' },
    { name: './a/../../outside' },
    { name: '/etc/passwd' },
    { name: './link', type: 'symlink', linkname: '../../etc' },
    { name: './second', type: 'link', linkname: '../../etc/passwd' },
    { name: './etc/.wh.passwd' },
  ] as const) {
    const shown = 'linkname' in entry ? `${entry.name} -> ${entry.linkname}` : entry.name
    test(`is refused because of ${shown}`, async () => {
      const name = `refused-${shown.replace(/[^a-z]+/g, '-')}x`
      await assert.rejects(load(name, [{ name: './etc/', type: 'directory' }, entry]), (error) =>
        isFailure(error, 'rootfs-invalid'),
      )
    })
  }
})

describe('a layer that cannot be read', () => {
  test('is not waited for, and no image comes of it', async () => {
    const layer = { digest: `sha256:${'0'.repeat(64)}`, bytes: 4096, file: join(folder, 'nowhere.tar') }
    const facts = { platform: host, created: `${DATE}T00:00:00Z`, labels: {}, madeBy: 'a test' }
    await assert.rejects(loadImage(engine, facts, 'crew-test/nowhere:1', layer), { code: 'ENOENT' })
    writeFileSync(layer.file, 'x'.repeat(4096))
    await assert.rejects(loadImage(engine, facts, 'crew-test/nowhere:1', layer), (error) =>
      isFailure(error, 'engine-error'),
    )
    await assert.rejects(configOf('crew-test/nowhere:1'), { statusCode: 404 })
  })
})

describe('an image without files', () => {
  for (const name of ['linux/arm/v7', 'linux/riscv64']) {
    for (const [builder, version] of [
      ['classic', '1'],
      ['buildkit', '2'],
    ] as const) {
      test(`for ${name} is a base that ${builder} keeps the platform of`, async () => {
        const platform = parsePlatform(name)
        const { goarch, variant } = architectureOf(platform)
        const base = `crew-test/empty:${goarch}-${builder}`
        await loadEmptyImage(engine, platform, base, { 'crew.test': 'empty' })
        const pack = tarStream.pack()
        pack.entry({ name: 'Dockerfile' }, `FROM ${base}\nCOPY file /file\n`)
        pack.entry({ name: 'file' }, 'content')
        pack.finalize()
        const tag = `crew-test/on-empty:${goarch}-${builder}`
        const built = await engine.docker.buildImage(pack as unknown as Readable, {
          t: tag,
          version,
          platform,
        })
        let last = ''
        for await (const chunk of built as AsyncIterable<Buffer>) last += chunk.toString()
        assert.doesNotMatch(last, /"error"/)
        const config = await configOf(tag)
        assert.deepEqual([config.Architecture, config.Variant ?? ''], [goarch, variant], last)
      })
    }
  }

  test('has nothing to tell a processor by', async () => {
    const id = await loadEmptyImage(engine, parsePlatform('linux/s390x'), 'crew-test/empty:s390x', {})
    assert.equal(await machineOf(engine, id), undefined)
  })
})

describe('what an image is really for', () => {
  test('is seen through links and scripts, and no container is left', async () => {
    const elf = architectureOf(host).elf
    const pack = tarStream.pack()
    pack.entry({ name: 'usr/bin/', type: 'directory' })
    pack.entry({ name: 'usr/bin/real', mode: 0o755 }, readFileSync('/bin/busybox').subarray(0, 4096))
    pack.entry({ name: 'opt/run', mode: 0o755 }, '#! /usr/bin/env.d/x -s\n')
    pack.entry({ name: 'usr/bin/env.d', type: 'symlink', linkname: '/opt/linked' })
    pack.entry({ name: 'opt/linked/x', type: 'symlink', linkname: '../../usr/bin/real' })
    pack.finalize()
    const file = join(folder, 'links.tar')
    const layer = await packRootfs(pack as unknown as Readable, file, {
      latest: new Date(),
      without: () => false,
    })
    const facts = {
      platform: parsePlatform('linux/riscv64'),
      created: `${DATE}T00:00:00Z`,
      labels: {},
      madeBy: 'a test',
      command: ['/opt/run'],
    }
    const id = await loadImage(engine, facts, 'crew-test/liar:1', { ...layer, file })
    assert.deepEqual(await machineOf(engine, id), elf)
    await removeStaleLooks(engine)
    const containers = await engine.docker.listContainers({ all: true, filters: { label: ['crew.look'] } })
    assert.deepEqual(containers, [])
  })
})
