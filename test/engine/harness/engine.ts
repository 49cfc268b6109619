// The engine of the tests: a dockerd of their own that scripts/test starts, never one the machine already had.
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import tar from 'tar-fs'
import { Engine } from '../../../src/host/docker/engine.ts'

/** @throws when no test engine was started: `make test` does it */
export function testEngine(): Engine {
  const address = process.env.CREW_TEST_ENGINE
  if (!address)
    throw new Error('this test needs the engine that make test starts (CREW_TEST_ENGINE is not set)')
  return new Engine(address)
}

/** A base image that needs no registry: Debian's static busybox with links for its applets. */
export const BASE_IMAGE = 'crew-test/busybox:1'

/** Makes BASE_IMAGE on the engine if it is not there. */
export async function ensureBaseImage(engine: Engine): Promise<string> {
  const there = await engine.docker
    .getImage(BASE_IMAGE)
    .inspect()
    .then(
      () => true,
      () => false,
    )
  if (there) return BASE_IMAGE
  const folder = mkdtempSync(join(tmpdir(), 'crew-base-'))
  try {
    for (const name of ['bin', 'tmp', 'etc', 'www', 'proc', 'dev', 'sys']) mkdirSync(join(folder, name))
    copyFileSync('/bin/busybox', join(folder, 'bin/busybox'))
    chmodSync(join(folder, 'bin/busybox'), 0o755)
    const applets = execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n')
    for (const applet of applets) {
      if (applet !== 'busybox') symlinkSync('busybox', join(folder, 'bin', applet))
    }
    const [repo, tag] = BASE_IMAGE.split(':')
    const stream = (await engine.docker.importImage(tar.pack(folder) as unknown as string, {
      repo,
      tag,
    })) as NodeJS.ReadableStream
    await pipeline(stream, async (lines) => {
      for await (const _ of lines);
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return BASE_IMAGE
}
