// The other processors: an image for each boots to a login with a key from persist, as far as this machine's mirror of
// Debian has a suite for it in one piece. What it has not is told, and is no failure of the boot.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { makeDisk } from '../../src/image/qemu/disks.ts'
import { suiteFor } from '../engine/harness/suites.ts'
import { boot } from './harness/board.ts'
import { makeTestImage, type TestImage } from './harness/image.ts'
import { SUITES } from './harness/mirror.ts'

const BOARDS = { amd64: 'virt/qemu_amd64', armhf: 'virt/qemu_arm', riscv64: 'virt/qemu_riscv64' }
const MB = 1e6
const LOGIN = 300_000

for (const [architecture, board] of Object.entries(BOARDS))
  describe(`a board of ${architecture}`, { timeout: 900_000 }, () => {
    let image: TestImage | undefined
    let missing = ''
    before(
      async () => {
        try {
          await suiteFor(architecture, SUITES)
        } catch (error) {
          missing = (error as Error).message
          return
        }
        image = await makeTestImage(['skiff/base', 'virt/common', board], architecture)
      },
      { timeout: 500_000 },
    )
    after(async () => image?.[Symbol.asyncDispose]())

    it('boots from RAM to a login with a key from persist', { timeout: 400_000 }, async (context) => {
      if (image === undefined) {
        console.log(`${architecture} was not booted: ${missing}`)
        return context.skip(missing)
      }
      const persist = join(image.folder, 'architecture.img')
      const files = { 'skiff/keys/me.pub': image.persistPublic, 'skiff/hostname': `board-${architecture}\n` }
      await makeDisk(persist, { label: 'persist', megabytes: 64, files }, AbortSignal.timeout(60_000))
      await using guest = await boot(image, {
        disks: [{ file: persist }],
        key: image.persistKey,
        limit: LOGIN,
      })
      const { stdout } = await guest.sh(
        'uname -m; awk \'$2 == "/" {print $1, $3}\' /proc/mounts; skiff status',
      )
      const [machine = '', root = ''] = stdout.split('\n')
      const size = (name: string) =>
        image?.manifest.files.find((file) => file.name === name)?.size ?? Number.NaN
      const sizes = ['kernel', 'initramfs'].map((name) => `${name} ${(size(name) / MB).toFixed(2)} MB`)
      console.log(
        `| ${architecture} (${machine}) | ${(guest.login / 1000).toFixed(0)} s | ${sizes.join(' | ')} |`,
      )
      assert.equal(root, 'overlay overlay')
      assert.ok(stdout.includes(`=====> board-${architecture}`), stdout)
      assert.match(stdout, /-----> host-key: .* new, kept on persist/)
      // a board without a clock of its own says that nobody told it the time; the rest is as on every board
      const problems = stdout
        .split('\n')
        .filter((line) => line.startsWith(' ! ') && !/^ ! {5}time: /.test(line))
      assert.deepEqual(problems, [])
    })
  })
