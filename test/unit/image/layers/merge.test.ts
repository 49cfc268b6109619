import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FragmentKind } from '../../../../src/image/layers/fragment.ts'
import { type LayerText, mergeFragments, writeFragment } from '../../../../src/image/layers/merge.ts'

const layer = (name: string, text: string, root = `/p/${name}`): LayerText => ({
  layer: name,
  root,
  inside: 'kernel/x',
  path: `${root}/kernel/x`,
  text,
})
const merged = (kind: FragmentKind, ...texts: LayerText[]) => mergeFragments(kind, texts)
const written = (kind: FragmentKind, ...texts: LayerText[]) =>
  writeFragment(merged(kind, ...texts).effective)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('# from'))

describe('of each symbol the last assignment stays', () => {
  it('also when it unsets', () => {
    assert.deepEqual(
      written('kernel', layer('a/a', 'CONFIG_A=y\nCONFIG_B=m\n'), layer('b/b', '# CONFIG_A is not set\n')),
      ['CONFIG_B=m', '# CONFIG_A is not set'],
    )
  })

  it('and a symbol whose name begins the same, or a text that holds it, is left alone', () => {
    const early = layer(
      'a/a',
      'CONFIG_CMDLINE="root=x CONFIG_FOO=z"\nCONFIG_FOO_BAR=y\nCONFIG_FOO=m\nXCONFIG=y\n',
    )
    assert.deepEqual(written('kernel', early, layer('b/b', 'CONFIG_FOO=y\n')), [
      'CONFIG_CMDLINE="root=x CONFIG_FOO=z"',
      'CONFIG_FOO_BAR=y',
      'CONFIG_FOO=y',
    ])
  })

  it('in the place of that assignment, since in a choice the last one of all wins', () => {
    const texts = [layer('a/a', 'BR2_arm=y\n'), layer('b/b', 'BR2_aarch64=y\n'), layer('c/c', 'BR2_arm=y\n')]
    assert.deepEqual(written('buildroot', ...texts), ['BR2_aarch64=y', 'BR2_arm=y'])
  })
})

it('SKIFF_CONFIG_ROOT in a value is the folder of the package it stands in, also one with odd letters', () => {
  const text = 'BR2_X="SKIFF_CONFIG_ROOT/resources:SKIFF_CONFIG_ROOT"\n'
  assert.deepEqual(written('buildroot', layer('a/a', text, '/a b/$&"q')), [
    'BR2_X="/a b/$&\\"q/resources:/a b/$&\\"q"',
  ])
})

it('each override of a layer by another is known, and one that changes nothing is none', () => {
  const { overrides } = merged(
    'kernel',
    layer('a/a', 'CONFIG_A=y\nCONFIG_B=y\nCONFIG_C=m\nCONFIG_C=y\n'),
    layer('b/b', '\nCONFIG_A=m\nCONFIG_B=y\n'),
  )
  assert.deepEqual(
    overrides.map(({ symbol, before, after }) => [
      symbol,
      `${before.path}:${before.line}`,
      `${after.path}:${after.line}`,
    ]),
    [['CONFIG_A', '/p/a/a/kernel/x:1', '/p/b/b/kernel/x:2']],
  )
})

it('a line that assigns nothing is told with its file and line, and is not in the result', () => {
  const result = merged('kernel', layer('a/a', 'CONFIG_A=y\nCONFIG_B\n'))
  assert.deepEqual(result.stray, ['/p/a/a/kernel/x:2: it assigns nothing: CONFIG_B'])
  assert.equal(writeFragment(result.effective), '# from a/a: kernel/x\nCONFIG_A=y\n')
})
