import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { describeDevice, parseDevices, refusal } from '../../../../src/image/card/devices.ts'

/** One device as lsblk writes it; what is not said is as of a card in a reader. */
function device(said: Record<string, unknown>) {
  const plain = {
    ...{ path: '/dev/sdb', type: 'disk', size: 31_914_983_424, model: 'Storage Device ', vendor: 'Generic ' },
    ...{ label: null, fstype: null, ro: false, rm: true, mountpoints: [null] },
  }
  const children = (said.children as Record<string, unknown>[] | undefined)?.map((child) => ({
    ...plain,
    ...{ type: 'part', model: null, vendor: null },
    ...child,
  }))
  const [found] = parseDevices(
    JSON.stringify({ blockdevices: [{ ...plain, ...said, ...(children ? { children } : {}) }] }),
  )
  return found ?? assert.fail()
}

const why = (said: Record<string, unknown>) => refusal(device(said))?.problem

describe('a device that may be a card', () => {
  it('is a whole one on which nothing is mounted', () => {
    assert.equal(why({}), undefined)
    assert.equal(why({ children: [{ path: '/dev/sdb1' }, { path: '/dev/sdb2' }] }), undefined)
    assert.equal(why({ type: 'loop', path: '/dev/loop3' }), undefined)
  })

  it('is not one that the machine runs from, through whatever layers', () => {
    for (const mount of ['/', '/boot', '/boot/efi', '/usr', '/var', '/home'])
      assert.match(why({ mountpoints: [mount] }) ?? '', /this machine runs from it/, mount)
    assert.match(why({ children: [{ path: '/dev/sda2', mountpoints: ['[SWAP]'] }] }) ?? '', /is its swap/)
    const volume = {
      ...{ path: '/dev/mapper/vg-root', type: 'lvm', size: 5, ro: false, rm: false },
      mountpoints: ['/'],
    }
    const crypt = {
      ...{ path: '/dev/mapper/crypt', type: 'crypt', size: 5, ro: false, rm: false },
      mountpoints: [null],
      children: [volume],
    }
    const problem = why({ children: [{ path: '/dev/sda3', children: [crypt] }] })
    assert.match(problem ?? '', /runs from it \(\/dev\/mapper\/vg-root is \/\)/)
  })

  it('is not one that is mounted, and what to unmount is said', () => {
    const mounted = device({
      children: [{ path: '/dev/sdb1', mountpoints: ['/media/me/boot'] }, { path: '/dev/sdb2' }],
    })
    assert.deepEqual(refusal(mounted), {
      problem: '/dev/sdb1 is mounted at /media/me/boot',
      hint: 'umount /dev/sdb1',
    })
  })

  it('is not a partition, and the whole device is named', () => {
    const of = (path: string) => refusal(device({ path, type: 'part' }))?.hint
    assert.equal(of('/dev/sdb1'), 'name the whole device: /dev/sdb')
    assert.equal(of('/dev/mmcblk0p2'), 'name the whole device: /dev/mmcblk0')
    assert.equal(of('/dev/nvme0n1p1'), 'name the whole device: /dev/nvme0n1')
  })

  it('is nothing else: no volume, no empty reader, none that is write-protected, none that something is made of', () => {
    assert.match(why({ type: 'lvm' }) ?? '', /not a disk but lvm/)
    assert.match(why({ type: 'rom' }) ?? '', /not a disk but rom/)
    assert.match(why({ size: 0 }) ?? '', /no card/)
    assert.match(why({ ro: true }) ?? '', /write-protected/)
    const raid = { path: '/dev/md0', type: 'raid1', size: 5, ro: false, rm: false, mountpoints: [null] }
    assert.match(
      why({ children: [{ path: '/dev/sdb1', children: [raid] }] }) ?? '',
      /\/dev\/md0 .* is made of it/,
    )
  })

  it('is shown with model, size, and each partition with its label and where it is mounted', () => {
    const children = [{ path: '/dev/sdb1', size: 536_870_912, fstype: 'vfat', label: 'boot' }]
    assert.deepEqual(describeDevice(device({ children })), [
      '/dev/sdb: Generic Storage Device, 29.7 GiB, removable',
      '/dev/sdb1, part, 512 MiB, vfat, label boot, not mounted',
    ])
    assert.deepEqual(describeDevice(device({ model: null, vendor: '0x1af4', rm: false })), [
      '/dev/sdb: no model is told, 29.7 GiB',
      'no partitions, not mounted',
    ])
  })

  it('is told by an lsblk that is new enough', () => {
    assert.throws(
      () => parseDevices('{"blockdevices":[{"path":"/dev/sda","mountpoint":"/"}]}'),
      /does not say what is mounted/,
    )
  })
})
