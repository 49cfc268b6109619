// A context for the container of skiff/core that needs no registry: BusyBox, from the packages that the image itself
// was made of, and a start of its own.
import { createReadStream, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { fileEntry, folderEntry, linkEntry } from '../../../src/host/archive/entry.ts'
import { readTar, writeTar } from '../../../src/host/archive/tar.ts'
import type { TestImage } from './image.ts'

const BUSYBOX = 'usr/bin/busybox'
const APPLETS = 'sh cat echo false hostname id nohup ps setsid sleep true tty uname'
const PASSWD = `root:x:0:0:root:/root:/bin/sh
core:x:1000:1000:core:/home/core:/bin/sh
`

/** BusyBox for the board's processor, statically linked. */
async function busyboxOf(image: TestImage): Promise<Buffer> {
  const folder = join(image.folder, 'debian')
  const name = readdirSync(folder).find((each) => /^core-.*\.tar$/.test(each))
  if (name === undefined) throw new Error(`no packages in ${folder}`)
  const tree = await readTar(createReadStream(join(folder, name)), (path) => path === BUSYBOX)
  const entry = tree.get(BUSYBOX)
  if (entry?.kind !== 'file') throw new Error(`no ${BUSYBOX} in ${name}`)
  return entry.content
}

/** Stands where other systems than Debian have it, and says where it runs. */
const SFTP = '#!/bin/sh\necho "sftp in $(hostname)"\ncat\n'

/**
 * Files of `skiff/coreenv` on persist.
 * @param start what /core-startup.sh does
 * @param steps further lines of the Dockerfile
 */
export async function coreenv(
  image: TestImage,
  start: string,
  steps = '',
): Promise<Record<string, string | Buffer>> {
  const tree = new Map([
    ['bin', folderEntry()],
    ['bin/busybox', fileEntry(await busyboxOf(image), 0o755)],
    ...APPLETS.split(' ').map((name) => [`bin/${name}`, linkEntry('busybox')] as const),
    ['etc', folderEntry()],
    ['etc/passwd', fileEntry(PASSWD)],
    ['home', folderEntry()],
    ['home/core', { ...folderEntry(0o700), uid: 1000, gid: 1000 }],
    ['root', folderEntry(0o700)],
    ['tmp', folderEntry(0o1777)],
    ['usr/lib/ssh/sftp-server', fileEntry(SFTP, 0o755)],
    ['core-startup.sh', fileEntry(`#!/bin/sh\n${start}\n`, 0o755)],
  ])
  const tar = await buffer(writeTar(tree, 0) as AsyncIterable<Buffer>)
  const dockerfile = `FROM scratch\nADD system.tar /\nENV PATH=/bin\n${steps}\nCMD ["/bin/false"]\n`
  return { 'skiff/coreenv/Dockerfile': dockerfile, 'skiff/coreenv/system.tar': tar }
}
