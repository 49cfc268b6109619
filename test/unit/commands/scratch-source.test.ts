import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bench } from './harness.ts'

const URL = 'https://example.org/tool.git#main:docker'
const firstLine = (text: string) => text.split('\n')[0]

test('a source is added for an image, listed, and removed', async () => {
  using bench = new Bench()
  assert.match(
    await bench.out(['scratch:source', 'add', 'tool:1', URL]),
    /tool:1 is made from https:\/\/example/,
  )
  assert.equal(await bench.out(['scratch:source', 'list']), `=====> Sources of images\ntool:1  ${URL}\n`)
  assert.equal(await bench.out(['scratch:source']), await bench.out(['scratch:source', 'list']))
  const [source] = bench.store.imageSources.list()
  assert.deepEqual(await bench.json(['scratch:source', 'list']), [
    { image: 'tool:1', url: URL, createdAt: source?.createdAt },
  ])
  assert.equal((await bench.run(['scratch:source', 'remove', 'tool:1'])).status, 0)
  assert.deepEqual(await bench.json(['scratch:source']), [])
})

test('a name without a tag stands for every tag, and one with a tag for that alone', async () => {
  using bench = new Bench()
  const names: Record<string, string> = {
    tool: 'tool',
    'docker.io/library/other': 'other',
    'tool:latest': 'tool:latest',
    'ghcr.io/owner/tool': 'ghcr.io/owner/tool',
    'localhost:5000/tool': 'localhost:5000/tool',
    'localhost:5000/tool:1': 'localhost:5000/tool:1',
  }
  for (const [name, kept] of Object.entries(names)) {
    await bench.out(['scratch:source', 'add', name, URL])
    assert.ok(bench.store.imageSources.find(kept), kept)
  }
  assert.equal(bench.store.imageSources.list().length, Object.keys(names).length)
})

test('a second source of an image is refused, whatever the name it goes by', async () => {
  using bench = new Bench()
  await bench.out(['scratch:source', 'add', 'tool', URL])
  const { status, stderr } = await bench.run(['scratch:source', 'add', 'docker.io/library/tool', URL])
  assert.equal(status, 1)
  assert.equal(stderr, ' !     a source of tool exists already\n !     scratch:source remove tool\n')
})

test('removing what is not there is an error', async () => {
  using bench = new Bench()
  const { status, stderr } = await bench.run(['scratch:source', 'remove', 'tool'])
  assert.deepEqual([status, firstLine(stderr)], [1, ' !     a source of tool does not exist'])
})

test('words that make no source are refused, and nothing is kept', async () => {
  using bench = new Bench()
  const told = async (...words: string[]) => {
    const { status, stderr } = await bench.run(['scratch:source', ...words])
    return `${status}${firstLine(stderr)}`
  }
  assert.equal(await told('change', 'tool'), '2 !     scratch:source cannot change')
  assert.equal(await told('add'), '2 !     scratch:source add needs <image>')
  assert.equal(await told('add', 'tool'), '2 !     scratch:source add needs <git-url>')
  assert.equal(await told('remove'), '2 !     scratch:source remove needs <image>')
  assert.equal(await told('add', 'Tool', URL), '1 !     invalid image name "Tool"')
  for (const url of ['/srv/git', 'file:///srv/git', 'ext::sh -c id', '--upload-pack=id', `${URL}/../x`])
    assert.match(await told('add', '--', 'tool', url), /^1 !.*invalid source/, url)
  assert.deepEqual(bench.store.imageSources.list(), [])
})
