import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadSettings } from '../../../../src/config/settings.ts'
import { isFailure } from '../../../../src/core/errors.ts'
import { parsePlatform } from '../../../../src/core/platform.ts'
import { confinedCommand } from '../../../../src/host/ground/confined.ts'
import { explain, mmdebstrapArguments, sourcesOf } from '../../../../src/host/ground/mmdebstrap.ts'
import type { Ground } from '../../../../src/host/ground/types.ts'

const settings = (flags: Record<string, string> = {}) =>
  loadSettings({ flags: { root: '/nowhere', ...flags }, file: '' })
const ground = (rest: Partial<Ground> = {}): Ground => ({
  ...{
    kind: 'debian',
    suite: 'trixie',
    slim: true,
    platform: parsePlatform('linux/arm/v7'),
    date: '2026-01-01',
  },
  ...rest,
})

test("Debian comes from mmdebstrap's own mirror with updates, or from the one that is set", () => {
  assert.deepEqual(sourcesOf(ground(), settings()), [])
  const set = settings({ 'ground-debian-mirror': 'http://mirror.example/debian/' })
  assert.deepEqual(sourcesOf(ground(), set), ['deb http://mirror.example/debian trixie main'])
  assert.deepEqual(sourcesOf(ground({ kind: 'busybox' }), set), [
    'deb http://mirror.example/debian trixie main',
  ])
})

test('Ubuntu comes from its archive or its ports, signed by its own keys', () => {
  const mirrors = (platform: string) =>
    sourcesOf(ground({ kind: 'ubuntu', suite: 'noble', platform: parsePlatform(platform) }), settings())
  const keys = '[signed-by=/usr/share/keyrings/ubuntu-archive-keyring.gpg]'
  assert.equal(mirrors('amd64')[0], `deb ${keys} http://archive.ubuntu.com/ubuntu noble main universe`)
  assert.equal(
    mirrors('riscv64')[2],
    `deb ${keys} http://ports.ubuntu.com/ubuntu-ports noble-security main universe`,
  )
  const set = settings({ 'ground-ubuntu-mirror': 'https://mirror.example/ubuntu' })
  assert.deepEqual(sourcesOf(ground({ kind: 'ubuntu', suite: 'noble' }), set), [
    `deb ${keys} https://mirror.example/ubuntu noble main`,
  ])
})

test("options of apt are written in apt's form, and nothing of a ground is taken for an option", () => {
  const set = settings({ 'ground-apt-options': 'Acquire::Check-Valid-Until=false, Acquire::Retries=3' })
  const args = mmdebstrapArguments(ground(), set, true)
  assert.ok(args.includes('--aptopt=Acquire::Check-Valid-Until "false"'))
  assert.ok(args.includes('--aptopt=Acquire::Retries "3"'))
  assert.ok(args.includes('--architectures=armhf'))
  assert.deepEqual(args.slice(args.indexOf('--')), ['--', 'trixie', '-'])
  assert.ok(mmdebstrapArguments(ground({ kind: 'busybox' }), set, false).includes('--mode=unshare'))
})

test('mirrors and options that are none are refused when they are set', () => {
  for (const [name, value] of [
    ['ground-debian-mirror', 'file:///x'],
    ['ground-debian-mirror', 'http://name:password@mirror.example/debian'],
    ['ground-debian-mirror', 'http://mirror.example/debian main [trusted=yes]'],
    ['ground-apt-options', 'Retries=3'],
    ['ground-apt-options', 'Acquire::X="; Dir::Bin::dpkg "/bin/sh'],
    ['ground-apt-options', 'Acquire::X=a\nb'],
  ] as const)
    assert.throws(
      () => settings({ [name]: value }),
      (error) => isFailure(error, 'setting-invalid'),
      value,
    )
})

test('root gets namespaces of its own, and everything dies with the daemon', () => {
  const [first, ...rest] = confinedCommand('mmdebstrap', ['a'], true)
  assert.deepEqual([first, ...rest.slice(0, 2)], ['setpriv', '--pdeathsig', 'KILL'])
  assert.ok(rest.includes('unshare') && rest.includes('--kill-child'))
  assert.deepEqual(confinedCommand('mmdebstrap', ['a'], false), [
    'setpriv',
    '--pdeathsig',
    'TERM',
    'mmdebstrap',
    'a',
  ])
})

test('an error names the mirror, the cause and the setting', () => {
  const set = settings({ 'ground-debian-mirror': 'http://mirror.example/debian' })
  const untrusted = explain(ground(), set, ["E: The repository 'x' is not signed."])
  assert.ok(isFailure(untrusted, 'ground-untrusted'))
  assert.match(
    untrusted.message,
    /debian trixie-slim for linux\/arm\/v7 was refused, because http:\/\/mirror/,
  )
  const syncing = explain(ground(), set, ['E: Failed to fetch x  Mirror sync in progress?'])
  assert.ok(isFailure(syncing, 'ground-failed'))
  assert.match(`${syncing.message} ${syncing.hint}`, /middle of a sync.*setting ground-debian-mirror/)
  const expired = explain(ground(), settings(), ['E: Release file for x is expired (invalid since 1d).'])
  assert.match(isFailure(expired) ? expired.hint : '', /ground-apt-options Acquire::Check-Valid-Until=false/)
})
