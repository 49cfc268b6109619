import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfiguration, parseManifest } from '../../../../src/host/registry/manifest.ts'

const digest = (letter: string) => `sha256:${letter.repeat(64)}`
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value))

test('a list tells its platforms in their normal form; attestations and Windows have none', () => {
  const entry = (letter: string, os: string, architecture: string, variant?: string) => ({
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: digest(letter),
    size: 1,
    platform: { os, architecture, variant },
  })
  const list = parseManifest(
    bytes({
      schemaVersion: 2,
      annotations: { a: 'b' },
      manifests: [
        entry('a', 'linux', 'arm64', 'v8'),
        { ...entry('b', 'linux', 'arm', 'v6'), annotations: { c: 'd' } },
        entry('c', 'unknown', 'unknown'),
        entry('d', 'windows', 'amd64'),
        { digest: digest('e') },
      ],
    }),
  )
  assert.deepEqual(list, {
    kind: 'list',
    annotations: { a: 'b' },
    entries: [
      { digest: digest('a'), platform: 'linux/arm64', annotations: {} },
      { digest: digest('b'), platform: 'linux/arm/v6', annotations: { c: 'd' } },
      { digest: digest('c'), platform: undefined, annotations: {} },
      { digest: digest('d'), platform: undefined, annotations: {} },
      { digest: digest('e'), platform: undefined, annotations: {} },
    ],
  })
})

test('an image leads to its configuration, which says what it is for and its labels', () => {
  const manifest = { schemaVersion: 2, config: { digest: digest('a') }, layers: [] }
  assert.deepEqual(parseManifest(bytes(manifest)), { kind: 'image', config: digest('a'), annotations: {} })
  const configuration = { os: 'linux', architecture: 'arm', variant: 'v7', config: { Labels: { x: 'y' } } }
  assert.deepEqual(parseConfiguration(bytes(configuration)), { platform: 'linux/arm/v7', labels: { x: 'y' } })
  assert.deepEqual(parseConfiguration(bytes({ config: { Labels: { x: 7 } } })), {
    platform: undefined,
    labels: {},
  })
})

test('what is no manifest is refused: other JSON, a digest that is a path, a list without end', () => {
  for (const bad of [
    [],
    {},
    { schemaVersion: 1, name: 'x', fsLayers: [] },
    { config: { digest: '../../etc/passwd' } },
    { manifests: [{ digest: '?x=' }] },
    { manifests: Array(1001).fill({ digest: digest('a') }) },
  ])
    assert.throws(() => parseManifest(bytes(bad)), JSON.stringify(bad).slice(0, 80))
  assert.throws(() => parseManifest(Buffer.from('<html>')))
  assert.throws(() => parseConfiguration(Buffer.from('"x"')))
})
