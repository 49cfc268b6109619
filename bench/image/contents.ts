// What is in an engine image and in the core below it, read back from an image: so this is what is delivered.
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Tree } from '../../src/host/archive/entry.ts'
import { readTar } from '../../src/host/archive/tar.ts'
import { execute } from '../../test/engine/harness/execute.ts'
import { mustEnd } from '../instance.ts'
import type { Image } from './images.ts'
import { folder } from './place.ts'

async function unsquash(file: string): Promise<Tree> {
  const work = mkdtempSync(join(folder(), 'contents-'))
  try {
    const [root, tar] = [join(work, 'root'), join(work, 'tar')]
    mustEnd('unsquashfs', await execute('unsquashfs', ['-no-progress', '-quiet', '-d', root, file]))
    mustEnd('tar', await execute('tar', ['--create', '--file', tar, '--directory', root, '.']))
    return await readTar(createReadStream(tar))
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Where a squashfs begins in an initramfs that has it in a plain archive. */
const MAGIC = Buffer.from('hsqs')

export interface Contents {
  readonly engine: Tree
  readonly core: Tree
}

export async function contentsOf({ output }: Image): Promise<Contents> {
  const work = mkdtempSync(join(folder(), 'core-'))
  try {
    const initramfs = readFileSync(join(output, 'initramfs'))
    const core = join(work, 'core')
    writeFileSync(core, initramfs.subarray(initramfs.indexOf(MAGIC)))
    return { engine: await unsquash(join(output, 'engine.squashfs')), core: await unsquash(core) }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
