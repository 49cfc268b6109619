import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { archiveName, fetchArguments, lackingOf } from '../../../../src/image/debian/fetch.ts'
import { readOptional } from '../../../../src/image/debian/firmware.ts'
import { readOptions } from '../../../../src/image/debian/options.ts'

const wanted = { what: 'firmware', packages: ['firmware-realtek'], architecture: 'arm64' }
const components = ['non-free-firmware']

describe('packages are fetched', () => {
  it('from main, and from other parts of the archive only where a list needs them', () => {
    const own = readOptions({}, 0)
    assert.ok(!fetchArguments(wanted, own, true).some((word) => word.startsWith('--components')))
    const more = fetchArguments({ ...wanted, components }, own, true)
    assert.ok(more.includes('--components=main,non-free-firmware'))
    const mirror = readOptions({ SKIFF_DEBIAN_MIRROR: 'http://mirror.example/debian' }, 0)
    const sources = fetchArguments({ ...wanted, components }, mirror, true)
    assert.equal(sources.at(-1), 'deb http://mirror.example/debian trixie main non-free-firmware')
  })

  it('into archives whose names tell what is in them', () => {
    const options = readOptions({}, 0)
    assert.notEqual(archiveName(wanted, options), archiveName({ ...wanted, components }, options))
    assert.equal(archiveName(wanted, options), archiveName({ ...wanted }, options))
  })

  it('and those that the mirror does not have are told from all else that apt says', () => {
    const words = [
      'Building dependency tree...',
      'E: Unable to locate package firmware-realtek',
      'E: Unable to locate package b43-fwcutter',
      'E: apt download failed: E: apt-get --yes install firmware-realtek failed',
      "E: Package 'kmod' has no installation candidate",
    ]
    assert.deepEqual(lackingOf(words), ['firmware-realtek', 'b43-fwcutter'])
    assert.deepEqual(lackingOf([]), [])
  })

  it('with a question mark before those that may be missing', () => {
    assert.deepEqual(readOptional(['?firmware-realtek', 'raspi-firmware']), {
      packages: ['firmware-realtek', 'raspi-firmware'],
      optional: ['firmware-realtek'],
    })
  })
})
