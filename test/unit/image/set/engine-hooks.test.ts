import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { engineOverlay } from '../../../../src/image/set/engine-hooks.ts'

const folder = mkdtempSync(join(tmpdir(), 'crew-hooks-'))
after(() => rmSync(folder, { recursive: true }))
let packages = 0

/** A package whose hook is this script. */
function withHook(script: string, mode = 0o755) {
  const path = join(folder, `p${++packages}`)
  mkdirSync(join(path, 'hooks'), { recursive: true })
  writeFileSync(join(path, 'hooks/engine.sh'), `#!/bin/sh\nset -e\n${script}\n`, { mode })
  return { name: `test/p${packages}`, path }
}
const overlayOf = (...chain: { name: string; path: string }[]) =>
  engineOverlay(
    { packages: chain },
    {
      work: mkdtempSync(join(folder, 'work-')),
      architecture: 'arm64',
      line: () => {},
      signal: new AbortController().signal,
    },
  )

describe('hooks of the engine image', () => {
  it('fill a folder each, and later packages win', async () => {
    const one = withHook(
      'mkdir -p "$1/usr/bin"; echo "$SKIFF_ARCHITECTURE" >"$1/usr/bin/a"; echo 1 >"$1/usr/bin/b"',
    )
    const two = withHook(
      'mkdir -p "$1/usr/bin"; echo 2 >"$1/usr/bin/b"; chmod +x "$1/usr/bin/b"; ln -s b "$1/usr/bin/c"',
    )
    const without = { name: 'test/none', path: join(folder, 'none') }
    const tree = await overlayOf(one, without, two)
    const text = (path: string) => {
      const entry = tree.get(path)
      return entry?.kind === 'file' ? [entry.content.toString(), entry.mode] : entry?.kind
    }
    assert.deepEqual([...tree.keys()].sort(), ['usr/bin/a', 'usr/bin/b', 'usr/bin/c'])
    assert.deepEqual(
      [text('usr/bin/a'), text('usr/bin/b'), text('usr/bin/c')],
      [['arm64\n', 0o644], ['2\n', 0o755], 'link'],
    )
  })

  it('that fail, cannot be run or leave something outside of usr/ end the compile, and say which', async () => {
    await assert.rejects(overlayOf(withHook('echo broken >&2; exit 3')), /engine\.sh .* failed \(3\): broken/)
    await assert.rejects(overlayOf(withHook('', 0o644)), /may not be run/)
    await assert.rejects(
      overlayOf(withHook('mkdir "$1/etc"; echo >"$1/etc/passwd"')),
      /etc.* is not below usr\//,
    )
  })
})
