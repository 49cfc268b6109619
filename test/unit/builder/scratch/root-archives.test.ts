import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDockerfile } from '../../../../src/builder/dockerfile/read.ts'
import { isRootAlone, rootArchives } from '../../../../src/builder/scratch/root-archives.ts'

const read = (...lines: string[]) =>
  parseDockerfile(`${lines.join('\n')}\n`, { path: 'Dockerfile', buildArgs: {}, platform: 'linux/arm64' })
const archives = (...lines: string[]) => rootArchives(read(...lines))

test('an archive that is unpacked onto nothing is the root file system', () => {
  assert.deepEqual(archives('FROM scratch', 'ADD rootfs.tar.xz /'), ['rootfs.tar.xz'])
  assert.deepEqual(archives('FROM scratch', 'ADD ["a b.tar", "root.tgz", "/"]'), ['root.tgz'])
  for (const target of ['/', '.', './', '/.'])
    assert.deepEqual(archives('FROM scratch', `ADD --chown=0:0 ./x/rootfs.tar.gz ${target}`), [
      'x/rootfs.tar.gz',
    ])
  for (const ending of ['tar', 'tar.gz', 'tgz', 'tar.bz2', 'tar.xz', 'txz', 'tar.zst'])
    assert.deepEqual(archives('FROM scratch', `ADD r.${ending} /`), [`r.${ending}`])
})

test('it may go on over lines, and be in a stage that the last one is made from', () => {
  assert.deepEqual(
    archives('FROM scratch AS root', 'ADD \\', '  a.tar \\', '  b.tar.gz /', 'FROM root', 'RUN x'),
    ['a.tar', 'b.tar.gz'],
  )
})

test('stages that the target does not need do not count', () => {
  assert.deepEqual(
    archives('FROM scratch AS other', 'ADD rootfs.tar /', 'FROM debian:trixie', 'RUN true'),
    [],
  )
})

test('what goes elsewhere, comes from elsewhere or is copied as it is is none', () => {
  const others = [
    'ADD app.tar.gz /opt/',
    'ADD https://example.org/rootfs.tar.xz /',
    'COPY rootfs.tar.xz /',
    'ADD rootfs-$ARCH.tar /',
    'ADD *.tar /',
    'ADD readme.txt /',
    'ADD [rootfs.tar, /]',
    'ADD rootfs.tar',
  ]
  for (const line of others) assert.deepEqual(archives('FROM scratch', line), [], line)
  assert.deepEqual(archives('FROM debian:trixie', 'ADD rootfs.tar /'), [])
})

test('an image is its archive alone when nothing else is said of it but a shell', () => {
  const alone = (...lines: string[]) => isRootAlone(read('FROM scratch', 'ADD rootfs.tar.xz /', ...lines))
  for (const command of ['CMD ["bash"]', 'CMD ["/bin/sh"]', 'CMD /bin/bash', 'CMD ["/bin/ash"]'])
    assert.ok(alone('LABEL a=b', command), command)
  assert.ok(alone())
})

test('whatever more is done to it would be lost with another root file system in its place', () => {
  const alone = (...lines: string[]) => isRootAlone(read('FROM scratch', 'ADD rootfs.tar.xz /', ...lines))
  const more = [
    'RUN apt-get update',
    'COPY app /app',
    'ADD app.tar /',
    'ADD start.sh /',
    'CMD ["/app"]',
    'CMD ["sh", "-c", "id"]',
    'ENTRYPOINT ["/app"]',
    'ENV PATH=/opt/bin',
    'FROM scratch\nADD rootfs.tar /\nCOPY --from=0 /a /a',
  ]
  for (const line of more) assert.ok(!alone(line), line)
  assert.ok(!isRootAlone(read('FROM scratch AS root', 'ADD rootfs.tar /', 'FROM root', 'RUN true')))
  assert.ok(!isRootAlone(read('FROM debian:trixie', 'ADD rootfs.tar /')))
})
