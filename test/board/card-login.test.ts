// The whole way of a card: format, install, U-Boot, and a login over SSH with a key that is on its persist partition.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { silent } from '../../src/core/report.ts'
import { freePort } from '../../src/host/net/free-port.ts'
import { boardOf } from '../../src/image/card/boards.ts'
import { format } from '../../src/image/card/format.ts'
import { install, verify } from '../../src/image/card/install.ts'
import { imageTarget } from '../../src/image/card/target.ts'
import { eventually, execute } from '../engine/harness/execute.ts'
import { scratch } from '../unit/image/card/made.ts'
import { mounted } from './harness/cards.ts'
import { makeTestImage } from './harness/image.ts'
import { powerOn } from './harness/uboot.ts'

const MIB = 2 ** 20
const LOGIN = 240_000

it('a card that was formatted and installed is a board that one can log in to', {
  timeout: 600_000,
}, async () => {
  await using image = await makeTestImage(['skiff/base', 'virt/common', 'virt/qemu', 'apps/docker'])
  using folder = scratch()
  const board = boardOf(['virt/qemu'])
  const target = await imageTarget(join(folder.path, 'card.img'), 1024 * MIB)
  const signal = AbortSignal.timeout(LOGIN)
  const common = { target, board, report: silent, signal, output: image.output, confirm: async () => {} }
  const { persist } = await format({ ...common, bootSize: undefined })
  {
    const place = join(folder.path, 'persist')
    await using _mount = await mounted(target.path, place, '-o', `loop,offset=${persist.start}`)
    mkdirSync(join(place, 'skiff/keys'), { recursive: true })
    writeFileSync(join(place, 'skiff/keys/me.pub'), image.persistPublic)
  }
  const set = await install({ ...common, keepBootloader: false, failpoint: undefined })
  const port = await freePort()
  {
    await using guest = powerOn(target.path, LOGIN, port)
    const options = [
      'StrictHostKeyChecking=no',
      'UserKnownHostsFile=/dev/null',
      'BatchMode=yes',
      'ConnectTimeout=10',
    ]
    const words = [...options.flatMap((option) => ['-o', option]), '-F', '/dev/null', '-i', image.persistKey]
    const sh = async (command: string) => {
      const ended = await execute('ssh', [...words, '-p', String(port), 'root@127.0.0.1', command])
      return ended.status === 0 && ended.stdout
    }
    const asked = () => sh('cat /proc/cmdline; grep " / " /proc/mounts')
    const said = await eventually('a login over SSH', asked, LOGIN).catch((error: unknown) => {
      throw new Error(guest.said().slice(-3000), { cause: error })
    })
    assert.ok(said.includes(`skiff.set=${set}`), said)
    assert.doesNotMatch(said, /\/dev\//)
    // of the sets on a card, the engine image is that of the set that was started
    const status = await eventually('Docker', () => sh('docker info >/dev/null && skiff status'), LOGIN)
    assert.ok(status.includes(`engine: /mnt/boot/${set}/engine.squashfs is used`), status)
    assert.match((await sh('grep " /mnt/boot " /proc/mounts')) || '', / vfat ro,/)
  }
  // the power was cut just now: what starts is still whole
  assert.equal(await verify(target, signal), set)
})
