// A stack of three images over Debian that nobody publishes, made for a foreign platform and run under emulation.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { architectureOf, parsePlatform } from '../../../src/core/platform.ts'
import { execute } from './execute.ts'
import { Instance } from './instance.ts'
import { TestLibrary } from './library.ts'
import { suiteFor } from './suites.ts'

const MINUTES = 60_000

export interface StackOptions {
  readonly platform: string
  /** Suites to try, newest first. */
  readonly suites: readonly string[]
  /** Installs something with apt in the lowest image. */
  readonly apt: boolean
}

/** What was seen of one image. */
export interface Seen {
  /** Of its configuration. */
  readonly platform: string
  /** `uname -m` inside. */
  readonly machine: string
  /** `dpkg --print-architecture` inside. */
  readonly debian: string
  readonly release: string
}

const docker = (...args: string[]) =>
  execute('docker', ['-H', process.env.CREW_TEST_ENGINE ?? '', ...args], { timeout: 2 * MINUTES })

/**
 * Builds `top`, over `middle`, over `bottom`, over debian:<suite>-slim, all by `crew scratch:build`.
 * @returns what was seen of the ground and of the top, and the lines of the build
 */
export async function buildDebianStack({ platform: name, suites, apt }: StackOptions) {
  const platform = parsePlatform(name)
  const { debian, library: listed } = architectureOf(platform)
  const { suite, mirror, aptOptions } = await suiteFor(debian ?? '', suites)
  const folder = mkdtempSync(join(tmpdir(), 'crew-stack-'))
  await using library = await TestLibrary.start(join(folder, 'git'))
  const install =
    'RUN apt-get update && apt-get install -y --no-install-recommends jq && rm -rf /var/lib/apt/lists/*'
  await library.put({
    name: 'bottom',
    files: {
      Dockerfile: `FROM debian:${suite}-slim\n${apt ? install : 'RUN dpkg -l | wc -l > /packages'}\n`,
    },
  })
  await library.put({
    name: 'middle',
    files: { Dockerfile: 'FROM bottom:1\nCOPY words /words\nENV WHO=middle\n', words: 'of the middle\n' },
  })
  await library.put({
    name: 'top',
    // what is published for the platform in its own name is believed, so this must not be
    architectures: listed === 'amd64' ? 'arm64v8' : 'amd64',
    files: {
      Dockerfile:
        'FROM middle:1\nRUN set -eux; dpkg --print-architecture > /built-on; cat /words\nCMD ["cat", "/built-on"]\n',
    },
  })
  try {
    await using instance = await Instance.start({
      CREW_SCRATCH_LIBRARY: library.url,
      CREW_GROUND_DEBIAN_MIRROR: mirror,
      CREW_GROUND_APT_OPTIONS: aptOptions.join(','),
    })
    const built = await instance.crew(['scratch:build', 'top', '--arch', platform], { timeout: 9 * MINUTES })
    assert.equal(built.status, 0, `${built.stdout}\n${built.stderr}`)
    const list = await instance.json<{ reference: string; tag: string }[]>(['scratch:list'])
    const tagOf = (image: string) => list.find(({ reference }) => reference === image)?.tag ?? 'none'
    const ground = await look(tagOf(`debian:${suite}-slim`), platform)
    const top = await look(tagOf('top:latest'), platform)
    const command = await docker('run', '--rm', '--platform', platform, tagOf('top:latest'))
    return { suite, ground, top, builtOn: command.stdout.trim(), output: built.stdout }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function look(tag: string, platform: string): Promise<Seen> {
  const format = '{{.Os}}/{{.Architecture}}/{{.Variant}}'
  const { stdout: config } = await docker('image', 'inspect', tag, '--format', format)
  const script = 'uname -m; dpkg --print-architecture; . /etc/os-release; echo "$VERSION_CODENAME"'
  const { stdout, stderr } = await docker('run', '--rm', '--platform', platform, tag, 'sh', '-c', script)
  const [machine = stderr, debian = '', release = ''] = stdout.trim().split('\n')
  return { platform: config.trim().replace(/\/$/, ''), machine, debian, release }
}
