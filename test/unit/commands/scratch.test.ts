import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { resolve } from '../../../src/builder/scratch/resolve.ts'
import type { Scratch, SessionOptions } from '../../../src/builder/scratch/scratch.ts'
import { failure } from '../../../src/core/errors.ts'
import { parsePlatform } from '../../../src/core/platform.ts'
import { Engine } from '../../../src/host/docker/engine.ts'
import { COMMIT, FakeWorld, type Known } from '../builder/scratch/fake-world.ts'
import { Bench } from './harness.ts'

const arm64 = parsePlatform('arm64')

/** A bench whose board is an arm64, and whose world knows these images. It keeps what sessions were opened with. */
function scratchBench(images: Record<string, Known> = {}) {
  const bench = new Bench()
  const opened: SessionOptions[] = []
  const made: string[] = []
  let open = 0
  bench.places = {
    at: async (host) => {
      assert.equal(host, undefined, 'it is the board itself that is meant')
      return { engine: new Engine('unix:///nowhere'), platform: arm64, kind: 'buildkit', local: true }
    },
  }
  const scratch: Pick<Scratch, 'open' | 'prune'> & { readonly sources: object } = {
    open(options) {
      opened.push(options)
      open++
      const { platform, substitutes, signal } = options
      return {
        plan: (needs) =>
          resolve(new FakeWorld(images), needs, { platform, substitutes, today: '2026-11-24', signal }),
        async make(plan) {
          made.push(...plan.nodes.map(({ id }) => id))
          return new Map(
            plan.nodes.map(({ id }) => [
              id,
              { image: `sha256:${'0123456789ab'.repeat(2)}`, tag: 'crew/made:k' },
            ]),
          )
        },
        async [Symbol.asyncDispose]() {
          open--
        },
      }
    },
    prune: async () => bench.store.madeImages.list(),
    sources: { there: () => undefined },
  }
  bench.scratch = async () => scratch as unknown as Scratch
  return { bench, opened, made, stillOpen: () => open }
}

describe('scratch:plan', () => {
  test('shows how an image is had, from the ground up, and ends with 0 when it can be', async () => {
    const { bench, opened, stillOpen } = scratchBench({ 'debian:trixie-slim': {} })
    using _ = bench
    const { status, stdout, stderr } = await bench.run(['scratch:plan', 'debian:trixie-slim'])
    assert.deepEqual([status, stderr], [0, ''])
    assert.match(stdout, /^=====> Plan for linux\/arm64: 1 image to make here, 0 there or published\n/)
    assert.match(stdout, /^-----> make {4}debian:trixie-slim \(linux\/arm64\): made here: debian trixie$/m)
    assert.match(stdout, /^ {7}its registry has no such image$/m)
    assert.deepEqual([opened[0]?.platform, opened[0]?.substitutes, opened[0]?.fresh], [arm64, true, false])
    assert.equal(stillOpen(), 0, 'no git of it is left')
  })

  test('of an image that cannot be had ends with 3, and names what is in the way and what can be done', async () => {
    const { bench } = scratchBench({ 'tool:latest': {} })
    using _ = bench
    const { status, stdout, stderr } = await bench.run(['scratch:plan', 'tool'])
    assert.equal(status, 3)
    assert.match(stdout, /blocked: 1 image cannot be had/)
    assert.match(`${stdout}${stderr}`, /tool:latest: nothing says how it is made/)
    assert.match(`${stdout}${stderr}`, /scratch:source add tool:latest <git-url>/)
  })

  test('as JSON has nothing but JSON in it, and the same status', async () => {
    const { bench } = scratchBench({ 'tool:1': {}, 'debian:trixie': {} })
    using _ = bench
    const blocked = await bench.run(['scratch:plan', 'tool:1', '--format', 'json'])
    assert.equal(blocked.status, 3)
    assert.equal(JSON.parse(blocked.stdout).buildable, false)
    assert.equal(blocked.stderr, '')
    const fine = (await bench.json(['scratch:plan', 'debian:trixie'])) as { nodes: { how: string }[] }
    assert.deepEqual(
      fine.nodes.map(({ how }) => how),
      ['ground'],
    )
  })

  test('is for the architecture that is asked for, by any of its names', async () => {
    const { bench, opened } = scratchBench({ 'debian:trixie': {} })
    using _ = bench
    for (const name of ['armhf', 'linux/arm/v7', 'arm32v7'])
      await bench.out(['scratch:plan', 'debian:trixie', '--arch', name])
    await bench.out(['scratch:plan', 'debian:trixie', '-a', 'armv7l'])
    assert.deepEqual([...new Set(opened.map(({ platform }) => platform))], ['linux/arm/v7'])
    const { status, stderr } = await bench.run(['scratch:plan', 'debian:trixie', '--arch', 'z80'])
    assert.deepEqual([status, /invalid platform "z80"/.test(stderr)], [1, true])
  })

  test('does without substitutes when that is asked for', async () => {
    const { bench, opened } = scratchBench({ 'debian:trixie': {} })
    using _ = bench
    await bench.out(['scratch:plan', 'debian:trixie', '--no-substitutes'])
    assert.equal(opened[0]?.substitutes, false)
  })

  test('needs the name of an image, and one that is a name', async () => {
    const { bench, opened } = scratchBench()
    using _ = bench
    const none = await bench.run(['scratch:plan'])
    assert.equal(none.status, 2)
    assert.match(none.stderr, /scratch:plan needs <image>/)
    const bad = await bench.run(['scratch:plan', '../etc'])
    assert.deepEqual([bad.status, /invalid image name/.test(bad.stderr)], [1, true])
    assert.deepEqual(opened, [])
  })

  test('closes what it opened when the engine is lost in the middle', async () => {
    const fails = failure('engine-unreachable', { address: 'unix:///x', problem: 'ENOENT' })
    const { bench, stillOpen } = scratchBench({ 'tool:1': { makers: [{ fails }] } })
    using _ = bench
    const { status, stderr } = await bench.run(['scratch:plan', 'tool:1'])
    assert.deepEqual([status, /does not answer: ENOENT/.test(stderr)], [1, true])
    assert.equal(stillOpen(), 0)
  })
})

describe('scratch:plan --library', () => {
  const LIBRARY = `GitRepo: https://example.org/tool.git
GitCommit: ${COMMIT}

Tags: 2, latest
Architectures: amd64, arm64v8

Tags: 1
Architectures: amd64
`
  /** A bench with a checkout of a library of one image with two entries. */
  function libraryBench() {
    const made = scratchBench()
    const checkout = join(made.bench.folder, 'official-images')
    mkdirSync(join(checkout, 'library'), { recursive: true })
    writeFileSync(join(checkout, 'library/tool'), LIBRARY)
    return { ...made, checkout }
  }
  const local = { who: 'local' }

  test('judges every entry and sums them up', async () => {
    const { bench, checkout } = libraryBench()
    using _ = bench
    const words = ['scratch:plan', '--library', checkout, '--all', '--arch', 'arm64']
    const text = await bench.out(words, local)
    assert.match(text, /1 images for linux\/arm64, judged in/)
    assert.match(text, /Entries: +2$/m)
    assert.match(text, /Published: +1$/m)
    const { stdout, status } = await bench.run([...words, '--format', 'json'], local)
    assert.equal(status, 0, 'that some are blocked is the answer, and no failure')
    const { summary, entries } = JSON.parse(stdout)
    assert.deepEqual([summary.entries, summary.published, summary.blocked], [2, 1, 1])
    assert.deepEqual(
      entries.map(({ tag, verdict }: { tag: string; verdict: string }) => `${tag} ${verdict}`),
      ['2 published', '1 blocked'],
    )
  })

  test('judges one image, or one tag, and ends with 3 when that is blocked', async () => {
    const { bench, checkout } = libraryBench()
    using _ = bench
    const { status, stdout, stderr } = await bench.run(
      ['scratch:plan', 'tool:1', '--library', checkout],
      local,
    )
    assert.equal(status, 3)
    assert.match(stdout, /tool:1 for linux\/arm64: blocked/)
    assert.match(`${stdout}${stderr}`, /tool:1: there is no Dockerfile in https:\/\/example\.org\/tool\.git/)
    assert.equal((await bench.run(['scratch:plan', 'tool', '--library', checkout], local)).status, 0)
  })

  test('of an image that the library has not is an error', async () => {
    const { bench, checkout } = libraryBench()
    using _ = bench
    for (const image of ['nothing', 'tool:3']) {
      const { status, stderr } = await bench.run(['scratch:plan', image, '--library', checkout], local)
      assert.deepEqual([status, /does not exist/.test(stderr)], [1, true], image)
    }
  })

  test('reads folders of the machine, so it is for those on the machine only', async () => {
    const { bench, checkout } = libraryBench()
    using _ = bench
    const { status, stderr } = await bench.run(['scratch:plan', '--library', checkout, '--all'])
    assert.equal(status, 2)
    assert.match(stderr, /works on the machine itself only/)
  })

  test('refuses a folder that is none, is relative, or a library that is malformed', async () => {
    const { bench, checkout } = libraryBench()
    using _ = bench
    const told = async (...words: string[]) => {
      const { status, stderr } = await bench.run(['scratch:plan', '--all', ...words], local)
      return `${status} ${stderr}`
    }
    assert.match(await told('--library', '/nowhere'), /^1 .*library \/nowhere does not exist/)
    assert.match(await told('--library', 'official-images'), /^1 .*invalid folder[\s\S]*an absolute path/)
    assert.match(await told('--library', checkout, '--sources', 'x'), /^1 .*invalid folder/)
    writeFileSync(join(checkout, 'library/tool'), 'nonsense\n')
    assert.match(await told('--library', checkout), /^1 .*library\/tool line 1: "nonsense"/)
    const { status } = await bench.run(['scratch:plan', '--library', checkout], local)
    assert.equal(status, 2, 'an image, or --all')
  })
})

describe('scratch:build', () => {
  test('shows the plan, makes it, and tells what each image is called here', async () => {
    const { bench, opened, made, stillOpen } = scratchBench({ 'debian:trixie': {}, 'busybox:latest': {} })
    using _ = bench
    const words = ['scratch:build', 'debian:trixie', 'busybox', '--fresh', '--date', '2026-08-03']
    const text = await bench.out(words)
    assert.match(text, /=====> Plan for linux\/arm64/)
    assert.match(text, /=====> debian:trixie for linux\/arm64 is crew\/made:k \(0123456789ab\)/)
    assert.match(text, /=====> busybox:latest for linux\/arm64 is crew\/made:k/)
    assert.deepEqual(made, ['debian:trixie|linux/arm64', 'busybox:latest|linux/arm64'])
    assert.deepEqual([opened[0]?.fresh, opened[0]?.date], [true, '2026-08-03'])
    assert.equal(stillOpen(), 0)
  })

  test('makes nothing of a plan that is blocked, and ends with 3', async () => {
    const { bench, made } = scratchBench({ 'debian:trixie': {}, 'tool:1': {} })
    using _ = bench
    assert.equal((await bench.run(['scratch:build', 'debian:trixie', 'tool:1'])).status, 3)
    assert.deepEqual(made, [])
  })

  test('refuses a day that is none', async () => {
    const { bench } = scratchBench()
    using _ = bench
    for (const day of ['today', '2026-13-01', '2026-02-30', '26-01-01', '2026-01-01T00:00:00Z']) {
      const { status, stderr } = await bench.run(['scratch:build', 'debian:trixie', '--date', day])
      assert.deepEqual([status, /invalid date/.test(stderr)], [1, true], day)
    }
  })
})
