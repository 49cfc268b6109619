import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Library } from '../../../../src/builder/library/library.ts'
import { isFailure } from '../../../../src/core/errors.ts'

const COMMIT = '1'.repeat(40)
const TOOL = `GitRepo: https://example.org/tool
GitCommit: ${COMMIT}

Tags: 2-windows
SharedTags: 2
Architectures: windows-amd64

Tags: 2-glibc
SharedTags: 2
Architectures: amd64, arm64v8
Directory: glibc

Tags: 2-musl
SharedTags: 2
Architectures: amd64, arm32v7
Directory: musl

Tags: 2-only-windows
Architectures: windows-amd64
`

/** A library of these files that counts how often each is read. */
function libraryOf(files: Record<string, string>) {
  const read: string[] = []
  const library = new Library({
    commit: null,
    async read(name) {
      read.push(name)
      return files[name]
    },
    list: async () => Object.keys(files),
  })
  return { library, read }
}

const directoryOf = async (library: Library, tag: string, architecture: string) =>
  (await library.find('tool', tag, architecture))?.recipe(architecture).directory

test('a tag that entries share leads to the one that lists the architecture', async () => {
  const { library } = libraryOf({ tool: TOOL })
  assert.equal(await directoryOf(library, '2', 'arm64v8'), 'glibc')
  assert.equal(await directoryOf(library, '2', 'arm32v7'), 'musl')
  assert.equal(await directoryOf(library, '2-musl', 'amd64'), 'musl')
})

test('where none lists the architecture it leads to the first entry of Linux', async () => {
  const { library } = libraryOf({ tool: TOOL })
  assert.equal(await directoryOf(library, '2', 'riscv64'), 'glibc')
})

test('a tag that is not there, or there for Windows only, is an error that tells more', async () => {
  const { library } = libraryOf({ tool: TOOL })
  const hintOf = async (tag: string) => {
    const error = await library.find('tool', tag, 'amd64').catch((error: unknown) => error)
    assert.ok(isFailure(error, 'not-found'))
    assert.equal(error.message, `image tool:${tag} does not exist`)
    return error.hint
  }
  assert.equal(await hintOf('3'), 'the library has, among 2 tags: 2-glibc, 2-musl')
  assert.equal(await hintOf('2-only-windows'), 'that tag is for Windows only')
})

test('an image that the library does not have is no error: others may say how it is made', async () => {
  const { library, read } = libraryOf({ tool: TOOL })
  assert.equal(await library.find('nothing', '1', 'amd64'), undefined)
  for (const name of ['../tool', 'Tool', '.tool', '', 'a/b'])
    assert.equal(await library.entries(name), undefined)
  assert.deepEqual(read, ['nothing'], 'what is no name is not looked for')
})

test('a file is read once, and names are those of images only, sorted', async () => {
  const { library, read } = libraryOf({ tool: TOOL, 'a.b': '', '.git': '', README: '' })
  await Promise.all([library.find('tool', '2', 'amd64'), library.entries('tool'), library.entries('tool')])
  assert.deepEqual(read, ['tool'])
  assert.deepEqual(await library.names(), ['a.b', 'tool'])
})

test('a malformed file is named with its folder', async () => {
  const { library } = libraryOf({ tool: 'nonsense\n' })
  await assert.rejects(library.find('tool', '1', 'amd64'), /^CrewError: library\/tool line 1: /)
})
