import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  causeOf,
  condense,
  installedPackages,
  mirrorOf,
  reasonOf,
} from '../../../../src/host/ground/apt-words.ts'

// as apt 2.6 and 3.0 wrote them
const SYNC = [
  'Err:5 http://mirror.example trixie/main armhf Packages',
  '  File has unexpected size (9246492 != 9246996). Mirror sync in progress? [IP: 192.0.2.1 80]',
  'E: Failed to fetch http://mirror.example/Packages.xz  File has unexpected size (9246492 != 9246996). Mirror sync in progress? [IP: 192.0.2.1 80]',
  'E: Some index files failed to download. They have been ignored, or old ones used instead.',
]
const SAID: readonly (readonly [string, readonly string[]])[] = [
  ['syncing', SYNC],
  [
    'untrusted',
    [
      '  The following signatures were invalid: BADSIG 6ED0E7B82643E131 Debian Archive',
      "E: The repository 'http://127.0.0.1 bookworm InRelease' is not signed.",
    ],
  ],
  [
    'untrusted',
    ["  The following signatures couldn't be verified because the public key is not available: NO_PUBKEY 87"],
  ],
  [
    'untrusted',
    [
      'W: OpenPGP signature verification failed: http://x InRelease: Sub-process /usr/bin/sqv returned an error code (1)',
    ],
  ],
  [
    'expired',
    ['E: Release file for http://x/dists/sid/InRelease is expired (invalid since 18d 5h 54min 24s).'],
  ],
  ['suite', ["E: The repository 'http://x nosuch Release' does not have a Release file."]],
  ['unreachable', ['  Could not connect to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)']],
  ['unreachable', ["  Temporary failure resolving 'nowhere.example'"]],
  ['disk', ["E: You don't have enough free space in /x/archives/.", SYNC[3] ?? '']],
  ['disk', ['dpkg-deb: error: failed to write: No space left on device']],
  ['other', ['E: something new', 'E: mmdebstrap failed to run']],
]

test('knows why apt gave up', () => {
  for (const [cause, lines] of SAID) assert.equal(causeOf(lines), cause, lines[0])
})

test('a signature that fails counts before a file that could not be fetched', () => {
  assert.equal(causeOf([...SYNC, "E: The repository 'x' is not signed."]), 'untrusted')
})

test('says why in one line, by the lines that apt marks', () => {
  assert.equal(
    reasonOf(SYNC),
    'Failed to fetch http://mirror.example/Packages.xz  File has unexpected size (9246492 != 9246996). Mirror sync in progress? [IP: 192.0.2.1 80]',
  )
  assert.equal(reasonOf([]), 'it did not say why')
  assert.equal(reasonOf(['one', 'two']), 'one; two')
  assert.ok(reasonOf([`E: ${'x'.repeat(5000)}`]).length <= 400)
})

test('says what the program said that failed, not which command it was', () => {
  // a board, where BusyBox's chroot started a dpkg of BusyBox
  const said = [
    'dpkg: warning: parsing file /var/lib/dpkg/status near line 5:',
    'dpkg: libc6:arm64: dependency problems, but configuring anyway as you requested:',
    "dpkg: unrecognized option '--status-fd=8'",
    'BusyBox v1.37.0 (Debian 1:1.37.0-6+b9) multi-call binary.',
    'E: setup failed: E: env --unset=TMPDIR chroot /x dpkg --install --force-depends /y/a.deb failed: 1',
    'W: hooklistener errored out: E: received eof on socket',
  ]
  assert.equal(reasonOf(said), "dpkg: unrecognized option '--status-fd=8'")
})

test('makes few lines of many', () => {
  const lines: string[] = []
  const hear = condense((text) => lines.push(text))
  hear('I: automatically chosen format: tar')
  hear('I: using /x/mmdebstrap.abc as tempdir')
  hear('I: running apt-get update...')
  hear('Get:1 http://mirror.example bookworm InRelease [151 kB]')
  for (let count = 0; count < 60; count += 1) hear(`Setting up package${count} (1.0) ...`)
  hear('I: success in 15.2177 seconds')
  assert.deepEqual(lines, ['running apt-get update', '25 packages are set up', '50 packages are set up'])
})

test('finds the mirror in either form of sources', () => {
  assert.equal(
    mirrorOf('# x\ndeb http://a.example/debian trixie main\ndeb http://b.example/ x y\n'),
    'http://a.example/debian',
  )
  assert.equal(
    mirrorOf('deb [signed-by=/k.gpg arch=arm64] https://a.example/u noble main\n'),
    'https://a.example/u',
  )
  assert.equal(
    mirrorOf('Types: deb\nURIs: http://a.example/debian\nSuites: trixie\n'),
    'http://a.example/debian',
  )
  assert.equal(mirrorOf(''), undefined)
})

test('lists what dpkg has installed, and nothing that it has not', () => {
  const status = [
    'Package: libc6\nStatus: install ok installed\nVersion: 2.36-9',
    'Package: gone\nStatus: deinstall ok config-files\nVersion: 1',
    'Package: apt\nStatus: install ok installed\nDescription: x\n Version: 9\nVersion: 2.6.1',
  ].join('\n\n')
  assert.deepEqual(installedPackages(status), ['apt=2.6.1', 'libc6=2.36-9'])
})
