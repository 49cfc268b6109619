import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Scratch } from '../../../src/builder/scratch/scratch.ts'
import { parsePlatform } from '../../../src/core/platform.ts'
import { Engine } from '../../../src/host/docker/engine.ts'
import { Bench } from './harness.ts'

/** A bench on which an image was made for two platforms, and a ground. */
function benchWithImages() {
  const bench = new Bench()
  const add = (key: string, reference: string, platform: string, how: 'build' | 'ground') =>
    bench.store.madeImages.add({
      key,
      image: `sha256:${key.repeat(12)}`,
      tag: `crew/made:${key}`,
      reference,
      platform,
      how,
      size: 3 * 2 ** 20,
      record: JSON.stringify({ image: reference, platform, how, reasons: ['because'] }),
    })
  add('1', 'tool:1', 'linux/arm64', 'build')
  add('2', 'tool:1', 'linux/arm/v7', 'build')
  add('3', 'debian:trixie', 'linux/arm64', 'ground')
  return bench
}

test('scratch:list shows what was made, with platform, way and size', async () => {
  using bench = benchWithImages()
  const lines = (await bench.out(['scratch:list'])).trimEnd().split('\n')
  assert.match(lines[0] ?? '', /^IMAGE +PLATFORM +HOW +SIZE +ID +USED$/)
  assert.equal(lines.length, 4)
  const today = new Date().toISOString().slice(0, 10)
  assert.ok(
    lines.some((line) =>
      new RegExp(`^tool:1 +linux/arm/v7 +build +3\\S* ?\\S* +222222222222 +${today}$`).test(line),
    ),
    lines.join('\n'),
  )
  const json = (await bench.json(['scratch:list'])) as { key: string; record: object }[]
  assert.deepEqual(json.map(({ key }) => key).toSorted(), ['1', '2', '3'])
  assert.deepEqual(json.find(({ key }) => key === '3')?.record, {
    image: 'debian:trixie',
    platform: 'linux/arm64',
    how: 'ground',
    reasons: ['because'],
  })
})

test('scratch:list of nothing is an empty list', async () => {
  using bench = new Bench()
  assert.deepEqual(await bench.json(['scratch:list']), [])
  assert.equal((await bench.out(['scratch:list'])).split('\n').length, 2)
})

test('scratch:report shows what an image was made from, for each platform or for one', async () => {
  using bench = benchWithImages()
  const all = (await bench.json(['scratch:report', 'docker.io/library/tool:1'])) as {
    platform: string
    id: string
  }[]
  assert.deepEqual(all.map(({ platform }) => platform).toSorted(), ['linux/arm/v7', 'linux/arm64'])
  const one = (await bench.json(['scratch:report', 'tool:1', '--arch', 'armhf'])) as typeof all
  assert.deepEqual(
    one.map(({ id }) => id),
    [`sha256:${'2'.repeat(12)}`],
  )
  const text = await bench.out(['scratch:report', 'debian:trixie'])
  assert.match(text, /^=====> debian:trixie as it was made here\n/)
  assert.match(text, /reasons: +because$/m)
})

test('scratch:report of what was not made here is an error', async () => {
  using bench = benchWithImages()
  for (const words of [['tool:2'], ['debian:trixie', '--arch', 'riscv64'], ['tool']]) {
    const { status, stderr } = await bench.run(['scratch:report', ...words])
    assert.deepEqual([status, /does not exist/.test(stderr)], [1, true], words.join(' '))
  }
})

test('scratch:prune tells what it removed, and finds the engines of the board and of builders', async () => {
  using bench = benchWithImages()
  const platform = parsePlatform('arm64')
  const engines: Record<string, Engine> = {
    here: new Engine('unix:///nowhere'),
    'ssh://pc': new Engine('unix:///elsewhere'),
  }
  bench.places = {
    at: async (host = 'here') => {
      const engine = engines[host] ?? assert.fail(`${host} was not prepared`)
      return { engine, platform, kind: 'classic', local: host === 'here' }
    },
  }
  const asked: Engine[] = []
  const prune: Scratch['prune'] = async (engineAt) => {
    asked.push(await engineAt(undefined), await engineAt('ssh://pc'))
    return bench.store.madeImages.list()
  }
  bench.scratch = async () => ({ prune }) as unknown as Scratch
  const text = await bench.out(['scratch:prune'])
  assert.match(text, /^ {7}tool:1 for linux\/arm\/v7$/m)
  assert.match(text, /^-----> Removed 3 images/m)
  assert.deepEqual(
    asked.map(({ address }) => address),
    ['unix:///nowhere', 'unix:///elsewhere'],
  )
})
