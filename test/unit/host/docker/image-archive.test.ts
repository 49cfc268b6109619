import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isFailure } from '../../../../src/core/errors.ts'
import { parseListing } from '../../../../src/host/docker/archive-ssh.ts'
import {
  chainsOf,
  imageId,
  isMember,
  parseManifest,
  selectMembers,
} from '../../../../src/host/docker/image-archive.ts'

const hex = (digit: string) => digit.repeat(64)
/** As engine 20.10 writes it. */
const old = {
  config: `${hex('c')}.json`,
  layers: ['1', '2', '3'].map((digit) => `${hex(digit)}/layer.tar`),
}
/** As engines from 25 on do. */
const recent = {
  config: `blobs/sha256/${hex('c')}`,
  layers: ['1', '2', '3'].map((digit) => `blobs/sha256/${hex(digit)}`),
}
const layers = ['sha256:a', 'sha256:b', 'sha256:c']

const archive = ({ config, layers: paths }: typeof old) => ({
  manifest: [{ Config: config, Layers: paths }],
  files: new Map([
    ...paths.map((path, index) => [path, 1000 * 10 ** index] as const),
    [config, 50],
    ['manifest.json', 7],
    ['oci-layout', 3],
  ]),
})

describe('the files of an archive that are sent', () => {
  for (const [name, form] of Object.entries({ old, recent })) {
    test(`are all layers that the engine lacks, the configuration and the manifest (${name} form)`, () => {
      const held = new Set(chainsOf(layers.slice(0, 2)))
      assert.deepEqual(selectMembers(archive(form), layers, held), {
        members: [form.layers[2], form.config, 'manifest.json'],
        layersSent: 1,
        layersKept: 2,
        bytes: 100_057,
      })
    })
  }

  test('count a layer as there only on what is below it here', () => {
    const held = new Set(chainsOf(['sha256:x', 'sha256:b', 'sha256:c']))
    const { layersSent, layersKept } = selectMembers(archive(old), layers, held)
    assert.deepEqual([layersSent, layersKept], [3, 0])
  })

  test('are all there are for an engine that keeps files', () => {
    const { members, layersSent } = selectMembers(archive(recent), layers, null)
    assert.deepEqual([members.length, layersSent], [6, 3])
  })

  test('are all there are when the archive has another number of layers, or images of several platforms', () => {
    const held = new Set(chainsOf(layers))
    const [image] = archive(recent).manifest
    assert.ok(image)
    const several = { ...archive(recent), manifest: [image, image] }
    assert.equal(selectMembers(several, layers, held).members.length, 6)
    assert.equal(selectMembers(archive(recent), layers.slice(1), held).members.length, 6)
  })

  test('none for an engine that has every layer, but what names the image', () => {
    const { members } = selectMembers(archive(old), layers, new Set(chainsOf(layers)))
    assert.deepEqual(members, [old.config, 'manifest.json'])
  })
})

test('an archive names its image by the configuration, in either form', () => {
  assert.equal(imageId(archive(old)), `sha256:${hex('c')}`)
  assert.equal(imageId(archive(recent)), `sha256:${hex('c')}`)
})

// names go into a command on another machine, and into a tar for the board's engine
test('no file of an archive is named otherwise than engines name them', () => {
  for (const path of [...old.layers, old.config, ...recent.layers, 'manifest.json', 'index.json'])
    assert.ok(isMember(path), path)
  for (const path of [
    '',
    '../x',
    '/etc/passwd',
    `-${hex('a')}.json`,
    `${hex('a')}/../x`,
    'a b',
    `${hex('g')}.json`,
  ])
    assert.ok(!isMember(path), path)
  const bad = JSON.stringify([{ Config: old.config, Layers: ['../../etc/passwd'] }])
  assert.throws(
    () => parseManifest(bad),
    (error) => isFailure(error, 'engine-error'),
  )
  for (const text of ['', '{}', '[]', '[{}]'])
    assert.throws(
      () => parseManifest(text),
      (error) => isFailure(error, 'engine-error'),
      text,
    )
})

test('a listing is read from behind whatever a login says first, and odd names are not read', () => {
  const manifest = JSON.stringify([{ Config: old.config, Layers: old.layers }])
  const sizes = [`50 ./${old.config}`, `  7 ./manifest.json`, '9 ./../x', '9 ./a b', 'wc: x: gone']
  const text = `Welcome!\n1 ./${hex('9')}.json\n\ncrew-archive\n${sizes.join('\n')}\n\n${manifest}\n\ncrew-ready\n`
  const listing = parseListing(text)
  assert.deepEqual(
    [...listing.files],
    [
      [old.config, 50],
      ['manifest.json', 7],
    ],
  )
  assert.deepEqual(listing.manifest, [{ Config: old.config, Layers: old.layers }])
})
