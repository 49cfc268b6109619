import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groundOf } from '../../../../src/builder/scratch/grounds.ts'
import { parseImageReference } from '../../../../src/core/image-reference.ts'
import { parsePlatform } from '../../../../src/core/platform.ts'

const TODAY = '2026-11-24'

/** What stands for an image: `debian trixie slim 2026-11-24`, or what the distribution lacks. */
function groundFor(image: string, platform = 'arm64'): string | undefined {
  const choice = groundOf(parseImageReference(image), parsePlatform(platform), TODAY)
  if (!choice) return undefined
  if ('lacking' in choice) return choice.lacking
  const { kind, suite, slim, date } = choice.ground
  assert.equal(choice.ground.platform, parsePlatform(platform))
  return `${kind} ${suite}${slim ? ' slim' : ''} ${date}`
}

test('a release is meant by its name, its number, a point release, and what it is at the moment', () => {
  const meant: Record<string, string> = {
    debian: 'debian trixie',
    'debian:stable': 'debian trixie',
    'debian:13': 'debian trixie',
    'debian:13.2': 'debian trixie',
    'debian:12.15': 'debian bookworm',
    'debian:sid': 'debian sid',
    ubuntu: 'ubuntu resolute',
    'ubuntu:24.04': 'ubuntu noble',
    'ubuntu:noble': 'ubuntu noble',
    alpine: 'alpine 3.24',
    'alpine:3': 'alpine 3.24',
    'alpine:3.22': 'alpine 3.22',
    'alpine:3.22.1': 'alpine 3.22',
  }
  for (const [image, wanted] of Object.entries(meant))
    assert.equal(groundFor(image), `${wanted} ${TODAY}`, image)
})

test('a slim one has no documentation, and a day in the tag is the day of its files', () => {
  assert.equal(groundFor('debian:trixie-slim'), `debian trixie slim ${TODAY}`)
  assert.equal(groundFor('debian:bookworm-20260803-slim'), 'debian bookworm slim 2026-08-03')
  assert.equal(groundFor('ubuntu:noble-20260113'), 'ubuntu noble 2026-01-13')
  assert.equal(groundFor('ubuntu:noble-20260113.1'), 'ubuntu noble 2026-01-13')
  assert.equal(groundFor('debian:trixie-20261399'), undefined, 'there is no such day')
})

test('every busybox is Debian’s static one', () => {
  assert.match(groundFor('busybox') ?? '', /^busybox trixie /)
  assert.match(groundFor('busybox:1.37-musl', 'riscv64') ?? '', /^busybox trixie /)
})

test('a distribution that has no such architecture is told from an image that is no ground', () => {
  assert.equal(groundFor('debian:bookworm', 'riscv64'), 'debian bookworm has no riscv64')
  assert.equal(groundFor('debian:trixie', 'arm/v6'), 'debian trixie has no linux/arm/v6')
  assert.equal(groundFor('debian:forky', 'arm/v5'), 'debian forky has no armel')
  assert.equal(groundFor('ubuntu:noble', '386'), 'ubuntu noble has no i386')
  assert.equal(groundFor('alpine:3.22', 'arm/v5'), 'alpine 3.22 has no linux/arm/v5')
  assert.equal(groundFor('busybox', 'arm/v6'), 'Debian trixie has no busybox for linux/arm/v6')
})

test('each distribution calls the same board otherwise', () => {
  const note = (image: string) => {
    const choice = groundOf(parseImageReference(image), parsePlatform('arm/v7'), TODAY)
    return choice && 'note' in choice ? choice.note : undefined
  }
  assert.equal(note('debian:trixie'), 'debian trixie for armhf')
  assert.equal(note('alpine:3.24'), 'alpine 3.24 for armv7')
  assert.match(groundFor('alpine:3.24', 'arm/v6') ?? '', /^alpine 3\.24 /, 'Alpine has what Debian has not')
})

test('what is more than a release, or somebody else’s, is no ground', () => {
  const others = [
    'debian:bookworm-backports',
    'debian:rc-buggy',
    'debian:trixie-slim-x',
    'debian:7',
    'debian:1',
    'ubuntu:24.04.1',
    'ubuntu:14.04',
    'alpine:edge',
    'alpine:3.2',
    'node:24-trixie',
    'owner/debian:trixie',
    'ghcr.io/library/debian:trixie',
  ]
  for (const image of others) assert.equal(groundFor(image), undefined, image)
})

test('a digest alone tells no release, so nothing is made up for it', () => {
  const digest = `sha256:${'0a'.repeat(32)}`
  for (const name of ['debian', 'ubuntu', 'alpine', 'busybox'])
    assert.equal(groundFor(`${name}@${digest}`), undefined, name)
  assert.equal(groundFor(`debian:bookworm@${digest}`), `debian bookworm ${TODAY}`)
})
