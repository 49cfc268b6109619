import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { it } from 'node:test'
import { readElfNeeds } from '../../../../src/host/archive/elf-needs.ts'
import { type Entry, fileEntry, linkEntry, type Tree } from '../../../../src/host/archive/entry.ts'
import { apartTree, readApart } from '../../../../src/image/debian/apart.ts'

// a real program of this machine: what it asks the loader for is read from the file
const program = readFileSync('/usr/bin/env')
const needs = readElfNeeds(program)
const loader = needs?.interpreter?.split('/').at(-1) ?? ''
const folder = 'usr/lib/some-linux-gnu'
const fetched: Tree = new Map<string, Entry>([
  ['usr/bin/node', linkEntry('nodejs')],
  ['usr/bin/nodejs', fileEntry(program, 0o755)],
  ['usr/bin/npm', fileEntry('npm')],
  ['usr/share/nodejs/acorn/acorn.js', fileEntry('acorn')],
  [`usr/lib/${loader}`, fileEntry('loader', 0o755)],
  ...(needs?.needed ?? []).flatMap((name): [string, Entry][] => [
    [`${folder}/${name}`, linkEntry(`${name}.1`)],
    [`${folder}/${name}.1`, fileEntry(name)],
  ]),
])

it('a program apart has its libraries and its loader in a folder of its own, and a script that starts it', () => {
  const tree = apartTree(fetched, readApart('node nodejs'), ['usr/share/nodejs/acorn/**'])
  const [library = ''] = needs?.needed ?? []
  assert.ok(tree.has(`usr/lib/node/${library}`), 'under the name that is asked for')
  assert.ok(![...tree.values()].some(({ kind }) => kind === 'link'))
  assert.ok(!tree.has('usr/bin/npm') && !tree.has(`${folder}/${library}`))
  assert.ok(tree.has('usr/share/nodejs/acorn/acorn.js'), 'what is read by its path stays there')
  const start = tree.get('usr/bin/node')
  assert.equal(start?.mode, 0o755)
  assert.ok(start?.kind === 'file')
  assert.match(
    start.content.toString(),
    new RegExp(
      `exec /usr/lib/node/${loader} --argv0 node --library-path /usr/lib/node /usr/lib/node/node "\\$@"`,
    ),
  )
})

it('a line that names no program and its packages is refused, and so is one whose library is nowhere', () => {
  for (const line of ['node', '../x y', ''])
    assert.throws(() => readApart(line), /no program and its packages/)
  const without = new Map([...fetched].filter(([path]) => !path.startsWith(folder)))
  assert.throws(() => apartTree(without, readApart('node nodejs'), []), { code: 'image-incomplete' })
})
