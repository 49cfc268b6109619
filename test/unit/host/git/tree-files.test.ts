// The tree of a real repository as tar-fs reads it, whole, by a folder, and with files put in the place of others.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import tar from 'tar-stream'
import { packContext } from '../../../../src/host/docker/context.ts'
import { GitTree } from '../../../../src/host/git/tree.ts'
import { TreeFiles } from '../../../../src/host/git/tree-files.ts'

/** The tree of a commit with these files; a value beginning with `->` is a link, one with `!` a program. */
async function treeOf(t: TestContext, files: Record<string, string>): Promise<GitTree> {
  const folder = mkdtempSync(join(tmpdir(), 'crew-tree-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      encoding: 'utf8',
    })
  git('init', '-q')
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    if (content.startsWith('->')) symlinkSync(content.slice(2), join(folder, path))
    else writeFileSync(join(folder, path), content)
    if (content.startsWith('!')) chmodSync(join(folder, path), 0o755)
  }
  git('add', '-A')
  git('commit', '-q', '-m', 'x')
  const objects = { repository: join(folder, '.git'), quarantine: {} }
  const tree = await GitTree.open(objects, git('rev-parse', 'HEAD').trim(), new AbortController().signal)
  t.after(() => tree[Symbol.asyncDispose]())
  return tree
}

/** What is in the tar of a tree: `kind mode content` by name. */
async function packed(files: TreeFiles): Promise<Record<string, string>> {
  const extract = tar.extract()
  packContext(files, () => 'send').stream.pipe(extract as unknown as NodeJS.WritableStream)
  const found: Record<string, string> = {}
  for await (const entry of extract) {
    const { name, type, mode, linkname } = entry.header
    const chunks: Buffer[] = []
    for await (const chunk of entry) chunks.push(chunk as Buffer)
    const content = type === 'symlink' ? `->${linkname}` : Buffer.concat(chunks).toString()
    found[name] = `${type} ${mode?.toString(8)} ${content}`.trim()
  }
  return found
}

const FILES = {
  Dockerfile: 'FROM a\n',
  '1/Dockerfile': 'FROM b\n',
  '1/run': '!run\n',
  '1/deep/Dockerfile': 'FROM c\n',
  '1/link': '->Dockerfile',
  '2/other': 'x',
}

test('a folder of a tree is packed as if it were the whole', async (t) => {
  const tree = await treeOf(t, FILES)
  const folder = (await tree.resolve('1'))?.node
  assert.ok(folder)
  assert.deepEqual(await packed(new TreeFiles(tree, { folder })), {
    '.': 'directory 755',
    Dockerfile: 'file 644 FROM b',
    run: 'file 755 !run',
    deep: 'directory 755',
    'deep/Dockerfile': 'file 644 FROM c',
    link: 'symlink 777 ->Dockerfile',
  })
})

test('a file that is replaced has the new content and size, and those of its name elsewhere stay', async (t) => {
  const tree = await treeOf(t, FILES)
  const longer = 'FROM something-longer\n'
  const files = new TreeFiles(tree, { replaced: new Map([['1/Dockerfile', Buffer.from(longer)]]) })
  const found = await packed(files)
  assert.equal(found['1/Dockerfile'], 'file 644 FROM something-longer')
  assert.equal(found.Dockerfile, 'file 644 FROM a')
  assert.equal(found['1/deep/Dockerfile'], 'file 644 FROM c')
  const others = Object.entries(FILES).filter(
    ([path, text]) => path !== '1/Dockerfile' && !text.startsWith('->'),
  )
  assert.equal(files.bytes, longer.length + others.reduce((sum, [, text]) => sum + text.length, 0))
})

test('its path counts from the folder, and may be written with dots', async (t) => {
  const tree = await treeOf(t, FILES)
  const folder = (await tree.resolve('1'))?.node
  assert.ok(folder)
  for (const path of ['Dockerfile', './Dockerfile', 'deep/../Dockerfile']) {
    const found = await packed(
      new TreeFiles(tree, { folder, replaced: new Map([[path, Buffer.from('new')]]) }),
    )
    assert.equal(found.Dockerfile, 'file 644 new', path)
    assert.equal(found['deep/Dockerfile'], 'file 644 FROM c')
  }
})

test('a program stays one, empty content is content, and what is not in the tree is not made', async (t) => {
  const tree = await treeOf(t, FILES)
  const replaced = new Map([
    ['1/run', Buffer.from('new')],
    ['2/other', Buffer.alloc(0)],
    ['3/nowhere', Buffer.from('x')],
  ])
  const found = await packed(new TreeFiles(tree, { replaced }))
  assert.equal(found['1/run'], 'file 755 new')
  assert.equal(found['2/other'], 'file 644')
  assert.ok(!('3/nowhere' in found))
})

test('a link in whose place a file is put is a file, and what it led to stays', async (t) => {
  const tree = await treeOf(t, FILES)
  const found = await packed(new TreeFiles(tree, { replaced: new Map([['1/link', Buffer.from('new')]]) }))
  assert.equal(found['1/link'], 'file 644 new')
  assert.equal(found['1/Dockerfile'], 'file 644 FROM b')
})

test('many small files and one that is replaced among them come in their turn', async (t) => {
  const many = Object.fromEntries(
    Array.from({ length: 300 }, (_, i) => [`d/${i}`, `content ${i} `.repeat(200)]),
  )
  const tree = await treeOf(t, many)
  const found = await packed(new TreeFiles(tree, { replaced: new Map([['d/150', Buffer.from('new')]]) }))
  assert.equal(found['d/150'], 'file 644 new')
  for (const i of [0, 149, 151, 299]) assert.equal(found[`d/${i}`], `file 644 ${many[`d/${i}`]}`.trim())
})
