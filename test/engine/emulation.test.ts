// Emulators of other processors: registered with the kernel, found, missed.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { architectures, parsePlatform } from '../../src/core/platform.ts'
import { emulationOf, hostPlatform, requireEmulation } from '../../src/host/emulation/binfmt.ts'
import { execute } from './harness/execute.ts'

const folder = mkdtempSync(join(tmpdir(), 'crew-emulation-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** A processor that no machine of the tests has. */
const FOREIGN = 'linux/arm/v7'

describe('an emulator', () => {
  test('is registered where none is, and runs programs then; what is missing is said', async (t) => {
    const own = ['--user', '--map-root-user', '--mount', '--pid', '--fork', '--mount-proc']
    const probe = [process.execPath, join(import.meta.dirname, 'harness/emulation-probe.ts'), folder, FOREIGN]
    const { status, stdout, stderr } = await execute('unshare', [...own, ...probe])
    assert.equal(status, 0, stderr)
    const saw = JSON.parse(stdout)
    if (saw === 'shared') return t.skip('this kernel has one binfmt_misc for all')
    if (saw.before.who === 'native') return t.skip('this processor needs no emulator')
    assert.equal(saw.before.who, undefined)
    assert.notEqual(saw.before.ran, 7)
    assert.deepEqual(saw.registered, [true, true])
    assert.match(saw.during.who.emulator, /^\/usr\/bin\/qemu-arm/)
    assert.equal(saw.during.who.fixed, true)
    assert.equal(saw.during.ran, 7)
    assert.equal(saw.after, undefined)
    assert.match(saw.unfixed, /qemu-none is registered without the flag F/)
    assert.equal(saw.required.fixed, true)
    assert.match(saw.missing, /cannot run programs for linux\/arm\/v7: no emulator is registered/)
    assert.match(saw.missing, /apt-get install qemu-user-static binfmt-support.*--install arm$/)
  })

  test("is not needed for this machine's own programs, nor for those it runs anyway", async () => {
    const host = hostPlatform()
    assert.equal(await emulationOf(host, host), 'native')
    assert.equal(await emulationOf(parsePlatform('linux/arm/v6'), parsePlatform('linux/arm/v7')), 'native')
    assert.equal(await requireEmulation(host, host), 'native')
  })

  test('is there for every architecture that the tests make images of', async () => {
    const host = hostPlatform()
    for (const { platform } of architectures.filter(({ goarch }) =>
      ['arm64', 'arm', 'riscv64'].includes(goarch),
    )) {
      const found = await requireEmulation(platform, host)
      assert.ok(found === 'native' || found.fixed, platform)
    }
  })
})
