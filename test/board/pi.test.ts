// A set for a Pi of Debian's packages goes onto a card with all that the board's own firmware reads. No Pi is at hand,
// so what is tested is that each file is where the firmware's documents want it.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { execute } from '../engine/harness/execute.ts'
import { bench } from './harness/cards.ts'
import { makeTestImage, type TestImage } from './harness/image.ts'

const CHAIN = ['skiff/base', 'generic/network', 'pi/common', 'pi/4']

describe('a set for a Pi 4 of Debian packages', { timeout: 900_000 }, () => {
  let image: TestImage
  const folder = mkdtempSync(join(tmpdir(), 'crew-pi-'))
  before(
    async () => {
      image = await makeTestImage(CHAIN)
    },
    { timeout: 600_000 },
  )
  after(async () => {
    rmSync(folder, { recursive: true, force: true })
    await image[Symbol.asyncDispose]()
  })

  it('has firmware of the board, device trees and config.txt', async (t) => {
    const names = image.manifest.files.map(({ name }) => name)
    for (const name of [
      'boot/start4.elf',
      'boot/fixup4.dat',
      'boot/config.txt',
      'dtbs/broadcom/bcm2711-rpi-4-b.dtb',
    ])
      assert.ok(names.includes(name), `${name} is not among ${names.join(' ')}`)
    const { output, run } = bench(folder, 'pi/4')
    mkdirSync(output, { recursive: true })
    await cp(image.output, output, { recursive: true })
    const card = join(folder, 'card.img')
    const formatted = await run('skiff/standard/format', ['--image', card, '--size', '1G'])
    assert.equal(formatted.status, 0, formatted.stderr)
    const installed = await run('pi/4/install', ['--image', card])
    assert.equal(installed.status, 0, installed.stderr)
    const partition = `${card}@@4M`
    const config = await execute('mtype', ['-i', partition, '::config.txt'])
    assert.match(config.stdout, /^start_file=start4-[0-9a-f]{8}\.elf$/m, config.stderr)
    const prefix = /^os_prefix=(.*)\/$/m.exec(config.stdout)?.[1]
    const listed = await execute('mdir', ['-b', '-i', partition, `::${prefix}`])
    for (const name of ['kernel', 'initramfs', 'cmdline.txt', 'bcm2711-rpi-4-b.dtb', 'firmware.squashfs'])
      assert.match(listed.stdout, new RegExp(`/${name}\\r?$`, 'm'), `${listed.stdout}${listed.stderr}`)
    t.diagnostic(listed.stdout)
  })
})
