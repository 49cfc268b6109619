import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLibraryFile } from '../../../../src/builder/library/library-file.ts'
import { isFailure } from '../../../../src/core/errors.ts'

const ONE = '1'.repeat(40)
const TWO = '2'.repeat(40)

const FILE = `# this file is generated
Maintainers: Ann <ann@example.org> (@ann),
             Bob <bob@example.org> (@bob)
Architectures: amd64, arm64v8
GitRepo: https://example.org/tool.git
GitFetch: refs/heads/main
GitCommit: ${ONE}
arm64v8-GitCommit: ${TWO}
arm64v8-GitFetch: refs/heads/dist-arm64v8

Tags: 2.1.0, 2.1, 2, latest
SharedTags: 2-shared
Directory: 2/debian
arm64v8-File: Dockerfile.arm64

Tags: 2-alpine,
# a comment between two halves of a list
      alpine
Architectures: amd64, arm32v7
Directory: 2/alpine
Builder: buildkit

Tags: 2-windows
SharedTags: 2-shared
Architectures: windows-amd64
Directory: 2/windows
Constraints: windowsservercore-ltsc2025, !nanoserver
`

test('each entry has its tags and architectures, its own or those of the first paragraph', () => {
  const [debian, alpine, windows, ...others] = parseLibraryFile(FILE, 'library/tool')
  assert.deepEqual(others, [])
  assert.deepEqual(debian?.tags, ['2.1.0', '2.1', '2', 'latest'])
  assert.deepEqual(debian?.sharedTags, ['2-shared'])
  assert.deepEqual(debian?.architectures, ['amd64', 'arm64v8'])
  assert.deepEqual(alpine?.tags, ['2-alpine', 'alpine'], 'a list goes on over a comment')
  assert.deepEqual(alpine?.architectures, ['amd64', 'arm32v7'])
  assert.deepEqual(windows?.sharedTags, ['2-shared'])
  assert.deepEqual([debian?.line, alpine?.line, windows?.line], [11, 16, 23])
})

test('what the entry does not say comes from the first paragraph, and at last from the form itself', () => {
  const [debian, alpine] = parseLibraryFile(FILE, 'library/tool')
  assert.deepEqual(debian?.recipe('amd64'), {
    repository: 'https://example.org/tool.git',
    fetch: 'refs/heads/main',
    commit: ONE,
    directory: '2/debian',
    file: 'Dockerfile',
    builder: 'classic',
  })
  assert.equal(alpine?.recipe('arm32v7').builder, 'buildkit')
  const [plain] = parseLibraryFile(`Tags: 1\nGitRepo: https://example.org/x\nGitCommit: ${ONE}\n`, 'x')
  assert.deepEqual(plain?.architectures, ['amd64'])
  assert.equal(plain?.recipe('amd64').fetch, 'refs/heads/master')
  assert.equal(plain?.recipe('amd64').directory, '.')
})

test('an architecture has its own commit, branch and file where there are any, also from the first paragraph', () => {
  const [debian, alpine] = parseLibraryFile(FILE, 'library/tool')
  const arm = debian?.recipe('arm64v8')
  assert.deepEqual([arm?.commit, arm?.fetch, arm?.file], [TWO, 'refs/heads/dist-arm64v8', 'Dockerfile.arm64'])
  assert.equal(
    alpine?.recipe('arm64v8').commit,
    TWO,
    'also where it is not listed: that is what is looked for',
  )
  assert.equal(alpine?.recipe('riscv64').commit, ONE)
})

test('an override that is empty overrides nothing', () => {
  const text = `Tags: 1\nGitRepo: https://example.org/x\nGitCommit: ${ONE}\narm64v8-GitCommit:\n`
  assert.equal(parseLibraryFile(text, 'x')[0]?.recipe('arm64v8').commit, ONE)
})

test('a finished root file system is told from what a Dockerfile makes', () => {
  const common = `GitRepo: https://example.org/x\nGitCommit: ${ONE}\n`
  const text = `${common}Builder: oci-import\n\nTags: 1\n\nTags: 2\nBuilder: classic\n\nTags: 3\narm64v8-Builder: buildkit\n`
  const [one, two, three] = parseLibraryFile(text, 'x')
  assert.equal(one?.recipe('amd64').builder, 'oci-import')
  assert.equal(two?.recipe('amd64').builder, 'classic')
  assert.equal(three?.recipe('amd64').builder, 'oci-import')
  assert.equal(three?.recipe('arm64v8').builder, 'buildkit')
})

test('the form of before 2017, one line for an entry, is read beside the other', () => {
  const text = `# maintainer: Ann <ann@example.org>\n1.0: git://example.org/old@${ONE} 1.0\nlatest: git://example.org/old@${TWO}\n`
  const [first, latest] = parseLibraryFile(text, 'old')
  assert.deepEqual(first?.tags, ['1.0'])
  assert.deepEqual(first?.recipe('amd64').directory, '1.0')
  assert.deepEqual(first?.recipe('amd64').repository, 'git://example.org/old')
  assert.deepEqual([latest?.recipe('amd64').commit, latest?.recipe('amd64').directory], [TWO, '.'])
  assert.deepEqual([first?.line, latest?.line], [2, 3])
})

test('an @ in the address of an architecture does not make it an entry of one line', () => {
  const text = `Tags: 1\nGitRepo: https://example.org/x\nGitCommit: ${ONE}\narm64v8-GitRepo: https://me@example.org/y\n`
  const [entry, ...others] = parseLibraryFile(text, 'x')
  assert.deepEqual(others, [])
  assert.equal(entry?.recipe('arm64v8').repository, 'https://me@example.org/y')
})

test('line ends of Windows, a byte order mark and no line end at last do no harm', () => {
  const text = `\uFEFF${FILE.trimEnd().replaceAll('\n', '\r\n')}`
  assert.deepEqual(
    parseLibraryFile(text, 'x').map(({ tags }) => tags.length),
    [4, 2, 1],
  )
  assert.deepEqual(parseLibraryFile('', 'x'), [])
  assert.deepEqual(parseLibraryFile('# nothing\n\n \n', 'x'), [])
})

test('a file that is malformed is refused with its name, the line and what is wrong there', () => {
  const good = `GitRepo: https://example.org/x\nGitCommit: ${ONE}\n`
  const bad: readonly (readonly [text: string, line: number, problem: RegExp])[] = [
    [`${good}\nSharedTags: 1\n`, 4, /an entry has no Tags/],
    [`Tags: ,\n${good}`, 1, /an entry has no Tags/],
    [`Tags: 1, -x\n${good}`, 1, /"-x" is no tag/],
    [`Tags: 1\nSharedTags: a b\n${good}`, 1, /"a b" is no tag/],
    [`Tags: ${'x'.repeat(129)}\n${good}`, 1, /is no tag/],
    [`Tags: 1\nArchitectures: amd64, arm/v7\n${good}`, 1, /"arm\/v7" is no architecture/],
    [`\n\nTags: 1\nGitCommit: ${ONE}\n`, 3, /GitRepo "" is no address/],
    [`Tags: 1\nGitRepo: --upload-pack=id\nGitCommit: ${ONE}\n`, 1, /is no address of a repository/],
    [`Tags: 1\nGitRepo: ext::sh -c id\nGitCommit: ${ONE}\n`, 1, /is no address of a repository/],
    [`Tags: 1\nGitRepo: https://example.org/x\nGitCommit: main\n`, 1, /GitCommit "main" is no commit/],
    [`Tags: 1\nGitRepo: https://example.org/x\nGitCommit: ${ONE.slice(1)}\n`, 1, /is no commit/],
    [`Tags: 1\n${good}Directory: ../x\n`, 1, /"\.\.\/x" leads out/],
    [`Tags: 1\n${good}Directory: /etc\n`, 1, /"\/etc" leads out/],
    [`Tags: 1\n${good}amd64-File: a/../../b\n`, 1, /leads out/],
    [`Tags: 1\n${good}\nTags: 2\nTags: 3\n`, 6, /Tags is there twice/],
    [`Tags: 1\nnonsense\n${good}`, 2, /"nonsense" is no "Key: value"/],
    [` Tags: 1\n${good}`, 1, /a continued line continues nothing/],
    [`Tags: 1\n${good}\n more\n`, 5, /a continued line continues nothing/],
    [`Tags: 1\n${good}GitFetch: refs/heads/\0\n`, 4, /a control character/],
    [`Tags: 1\u001b[31m\n${good}`, 1, /a control character/],
    [`latest: git://example.org/x@main\n`, 1, /GitCommit "main" is no commit/],
  ]
  for (const [text, line, problem] of bad)
    assert.throws(
      () => parseLibraryFile(text, 'library/tool'),
      (error) =>
        isFailure(error, 'library-invalid') &&
        error.message.startsWith(`library/tool line ${line}: `) &&
        problem.test(error.message),
      `${JSON.stringify(text.slice(0, 120))} at ${line}`,
    )
})

test('a line of the error is never longer than a person reads', () => {
  assert.throws(
    () => parseLibraryFile(`Tags: ${'/'.repeat(2 ** 20)}\n`, 'x'),
    (error) => isFailure(error, 'library-invalid') && error.message.length < 200,
  )
})

/** Milliseconds that it takes to read a text, or to refuse it. */
/** Milliseconds of processor time: what else runs on the machine does not count. */
function timeOf(text: string): number {
  const began = process.cpuUsage()
  try {
    parseLibraryFile(text, 'x')
  } catch (error) {
    if (!isFailure(error, 'library-invalid')) throw error
  }
  const { user, system } = process.cpuUsage(began)
  return (user + system) / 1000
}

test('a file of hostile size is read or refused in a moment', () => {
  const good = `GitRepo: https://example.org/x\nGitCommit: ${ONE}\n`
  const tags = Array.from({ length: 100_000 }, (_, index) => `t${index}`)
  const hostile: Record<string, string> = {
    'a million lines': '\n'.repeat(1_000_000),
    'a line of at signs': `x: ${'@'.repeat(200_000)} a b c`,
    'a line of words': `x: ${'a@b '.repeat(100_000)}`,
    'a list of tags': `Tags: ${tags.join(', ')}\n${good}`,
    'a list over many lines': `Tags: ${tags.slice(0, 90_000).join(',\n ')}\n${good}`,
    'many entries': `${good}\n${'Tags: 1\n\n'.repeat(49_000)}`,
    spaces: `Tags: 1\n${good}Directory: ${' '.repeat(500_000)}x\n`,
  }
  for (const [what, text] of Object.entries(hostile)) {
    const took = timeOf(text)
    assert.ok(took < 2000, `${what}: ${Math.round(took)} ms`)
  }
  assert.throws(() => parseLibraryFile('\n'.repeat(100_001), 'x'), /more than 100000 lines/)
})

test('a key that is not known is passed over, for the library may get new ones', () => {
  const [entry] = parseLibraryFile(
    `Tags: 1\nSince: 2027\n and later\nGitRepo: https://example.org/x\nGitCommit: ${ONE}\n`,
    'x',
  )
  assert.deepEqual(entry?.tags, ['1'])
  assert.equal(entry?.recipe('amd64').commit, ONE)
})
