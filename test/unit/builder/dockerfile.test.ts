import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readDockerfile } from '../../../src/builder/dockerfile.ts'

const read = (text: string, buildArgs: Record<string, string> = {}) =>
  readDockerfile(text, { path: 'Dockerfile', buildArgs, platform: 'linux/arm64' })
const references = async (text: string, buildArgs?: Record<string, string>) =>
  (await read(text, buildArgs)).images.map(({ reference }) => reference)

test('names the images of every stage once, with latest where no tag is said', async () => {
  const text = 'FROM debian AS one\nFROM debian:12\nFROM localhost:5000/a/b\nFROM one\nFROM scratch\n'
  assert.deepEqual(await references(text), ['debian:latest', 'debian:12', 'localhost:5000/a/b:latest'])
})

test('puts build arguments and defaults into FROM', async () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the Dockerfile's own variables
  const text = 'ARG NAME=node\nARG TAG=${MAJOR:-24}-slim\nARG UNSET\nFROM $NAME:${TAG}\nFROM x:${UNSET:-y}\n'
  assert.deepEqual(await references(text), ['node:24-slim', 'x:y'])
  assert.deepEqual(await references(text, { NAME: 'deno', MAJOR: '9' }), ['deno:24-slim', 'x:y'])
  assert.deepEqual(await references('FROM x:$TARGETARCH'), ['x:arm64'])
})

test('knows every argument of one ARG', async () => {
  assert.deepEqual(await references('ARG NAME=node TAG=24 \\\n  KIND=slim\nFROM $NAME:$TAG-$KIND'), [
    'node:24-slim',
  ])
})

test('names images that files are taken from, but no stages', async () => {
  const text =
    'FROM a:1 AS Build\nRUN --mount=type=bind,from=c:1,target=/x ls\nFROM b:1\nCOPY --from=build /x /x\nCOPY --chown=1 --from=0 /y /y\nCOPY --from=d:1 /z /z\n'
  assert.deepEqual(await references(text), ['a:1', 'c:1', 'b:1', 'd:1'])
})

test('keeps digests and ids as they are', async () => {
  const digest = `a@sha256:${'0'.repeat(64)}`
  assert.deepEqual(await references(`FROM ${digest}\nFROM ${'1'.repeat(64)}`), [digest, '1'.repeat(64)])
})

test('names the image of a syntax line apart', async () => {
  const { images, syntax } = await read('# syntax=docker/dockerfile:1\nFROM a\n')
  assert.equal(syntax?.reference, 'docker/dockerfile:1')
  assert.equal(images.length, 1)
})

test('tells the platform that FROM asks for', async () => {
  const { images } = await read('FROM --platform=$BUILDPLATFORM a:1\n')
  assert.equal(images[0]?.platform, 'linux/arm64')
})

test('refuses what names no image, with the line', async () => {
  await assert.rejects(read(''), /Dockerfile: it has no FROM/)
  await assert.rejects(read('RUN x\nFROM a'), /line 1: RUN comes before the first FROM/)
  await assert.rejects(read('\nFROM $NOTHING'), /line 2: \$NOTHING is empty/)
  await assert.rejects(read('FROM a\nFROM up/ER'), /line 2: "up\/ER" is no name of an image/)
  await assert.rejects(read('FROM -x'), /no name of an image/)
})
