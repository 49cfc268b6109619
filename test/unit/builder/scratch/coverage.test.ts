// A library of a few images, judged with the real world of a desk and clones that the test makes.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Library } from '../../../../src/builder/library/library.ts'
import { cloneIn } from '../../../../src/builder/scratch/clones.ts'
import { type EntryVerdict, judgeLibrary, summaryOf } from '../../../../src/builder/scratch/coverage.ts'
import { folderLibrary } from '../../../../src/builder/scratch/library-world.ts'
import { isFailure } from '../../../../src/core/errors.ts'
import { type Platform, parsePlatform } from '../../../../src/core/platform.ts'

const git = (folder: string, ...args: string[]) =>
  execFileSync('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
    encoding: 'utf8',
  }).trim()

function write(folder: string, files: Record<string, string>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
}

/** A folder with a library and clones of the repositories that it names. @returns how to judge it */
function desk(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'crew-coverage-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const clones = join(folder, 'clones')
  return {
    folder,
    library: (files: Record<string, string>) => write(join(folder, 'library'), files),
    /** @returns the commit */
    clone(name: string, files: Record<string, string>): string {
      const path = join(clones, 'owner', name)
      if (git(folder, 'init', '-q', path) !== undefined) write(path, files)
      git(path, 'add', '-A')
      git(path, 'commit', '-q', '-m', 'x')
      return git(path, 'rev-parse', 'HEAD')
    },
    judge: (platform: string, options: { only?: string; substitutes?: boolean; signal?: AbortSignal } = {}) =>
      judgeLibrary({
        library: new Library(folderLibrary(folder)),
        platform: parsePlatform(platform),
        clone: (repository) => cloneIn(clones, repository),
        substitutes: options.substitutes ?? true,
        today: '2026-11-24',
        onProgress: () => {},
        signal: options.signal ?? new AbortController().signal,
        ...(options.only === undefined ? {} : { only: options.only }),
      }),
  }
}

const entry = (name: string, commit: string, tags: string, architectures: string, directory: string) =>
  `Tags: ${tags}\nGitRepo: https://example.org/owner/${name}.git\nGitCommit: ${commit}\nArchitectures: ${architectures}\nDirectory: ${directory}\n\n`
const told = (verdicts: readonly EntryVerdict[]) =>
  verdicts.map(({ image, tag, verdict, levels }) => `${image}:${tag} ${verdict} ${levels}`)
const pinned = 'a'.repeat(40)

test('each entry is published, planned on what is made before it, or blocked by a named cause', async (t) => {
  const { library, clone, judge } = desk(t)
  const commit = clone('tool', {
    'base/Dockerfile': 'FROM debian:trixie\nRUN true\n',
    'tool/Dockerfile': 'FROM base:1\nRUN true\n',
    'lost/Dockerfile': 'FROM owner/nowhere:1\nRUN true\n',
  })
  library({
    base: entry('tool', commit, '1', 'amd64', 'base'),
    debian: entry('debian', pinned, 'trixie', 'amd64, arm64v8', '.'),
    lost: entry('tool', commit, '1', 'amd64', 'lost') + entry('tool', commit, '2', 'amd64', 'nothing'),
    tool: entry('tool', commit, '1, latest', 'amd64, windows-amd64', 'tool'),
    win: entry('tool', commit, '1', 'windows-amd64', 'tool'),
  })
  const verdicts = await judge('arm64')
  assert.deepEqual(told(verdicts), [
    'base:1 plan 1',
    'debian:trixie published 0',
    'lost:1 blocked 0',
    'lost:2 blocked 0',
    'tool:1 plan 2',
  ])
  const [base, debian, lost, nothing, tool] = verdicts
  assert.deepEqual([debian?.listed, base?.listed, tool?.exactness], [true, false, 'pinned'])
  assert.deepEqual(
    [lost, nothing].map((each) => each?.blockers.map(({ code, image }) => `${code} ${image}`)),
    [['no-source owner/nowhere:1'], ['no-dockerfile lost:2']],
    'the cause is named, and not what follows from it',
  )
  assert.deepEqual(summaryOf(parsePlatform('arm64'), verdicts), {
    platform: 'linux/arm64',
    entries: 5,
    published: 1,
    missing: 4,
    planned: 2,
    mayBlock: 0,
    blocked: 2,
    withSubstitute: 0,
    exact: 4,
    blockers: { 'no-source': 1, 'no-dockerfile': 1 },
  })
})

test('what is published for an older variant counts, and a 32-bit image for a 64-bit board does not', async (t) => {
  const { library, judge } = desk(t)
  library({ tool: entry('tool', pinned, '1', 'arm32v6', '.') })
  const verdictFor = async (platform: string) => (await judge(platform))[0]?.verdict
  assert.equal(await verdictFor('arm/v7'), 'published')
  assert.equal(await verdictFor('arm/v6'), 'published')
  assert.equal(await verdictFor('arm/v5'), 'blocked')
  assert.equal(await verdictFor('arm64'), 'blocked')
})

test('a clone that lacks the commit is judged at its newest, or by the folder most alike, and that is said', async (t) => {
  const { library, clone, judge } = desk(t)
  clone('tool', {
    '3.12/alpine/Dockerfile': 'FROM debian:trixie\n',
    '3.9/alpine/Dockerfile': 'FROM scratch\n',
    '4/Dockerfile': 'FROM debian:trixie\n',
  })
  library({
    tool:
      entry('tool', pinned, '4', 'amd64', '4') +
      entry('tool', pinned, '3.14', 'amd64', '3.14/alpine') +
      entry('tool', pinned, '5', 'amd64', 'other/x'),
  })
  const [tip, nearest, none] = await judge('arm64')
  assert.deepEqual([tip?.verdict, tip?.exactness], ['plan', 'tip'])
  assert.deepEqual([nearest?.verdict, nearest?.exactness, nearest?.levels], ['plan', 'nearest', 2])
  assert.deepEqual([none?.verdict, none?.blockers[0]?.code], ['blocked', 'no-dockerfile'])
})

test('one image, or one tag of it, may be judged alone', async (t) => {
  const { library, judge } = desk(t)
  const both = entry('tool', pinned, '1', 'amd64', '.') + entry('tool', pinned, '2, latest', 'amd64', '.')
  library({ tool: both, other: both })
  assert.deepEqual(told(await judge('arm64', { only: 'tool' })), ['tool:1 blocked 0', 'tool:2 blocked 0'])
  assert.deepEqual(told(await judge('arm64', { only: 'tool:latest' })), ['tool:2 blocked 0'])
  assert.deepEqual(await judge('arm64', { only: 'nothing:1' }), [])
})

test('a substitute is named where there is one, and refused when it is not wanted', async (t) => {
  const { library, judge } = desk(t)
  library({
    debian:
      entry('debian', pinned, 'bookworm', 'amd64', '.') + entry('debian', pinned, 'trixie', 'amd64', '.'),
  })
  const [bookworm, trixie] = await judge('riscv64')
  assert.deepEqual([bookworm?.verdict, bookworm?.substitutes.length], ['plan', 1])
  assert.deepEqual([trixie?.verdict, trixie?.substitutes], ['plan', []])
  const [refused] = await judge('riscv64', { substitutes: false })
  assert.equal(refused?.verdict, 'blocked')
  const verdicts = await judge('riscv64')
  assert.equal(summaryOf(parsePlatform('riscv64'), verdicts).withSubstitute, 1)
})

test('circles, hostile Dockerfiles and links that lead out of the clone block their entry and no other', async (t) => {
  const { library, clone, judge } = desk(t)
  const commit = clone('tool', {
    'a/Dockerfile': 'FROM tool:b\n',
    'b/Dockerfile': 'FROM tool:a\n',
    'large/Dockerfile': `FROM scratch\n#${'x'.repeat(2 ** 20)}\n`,
    'odd/Dockerfile': 'nonsense\n',
    'fine/Dockerfile': 'FROM debian:trixie\n',
  })
  library({
    tool: ['a', 'b', 'large', 'odd', 'fine'].map((tag) => entry('tool', commit, tag, 'amd64', tag)).join(''),
  })
  const verdicts = await judge('arm64')
  assert.deepEqual(
    verdicts.map(({ tag, verdict, blockers }) => `${tag} ${verdict} ${blockers[0]?.code ?? ''}`.trim()),
    [
      'a blocked cycle',
      'b blocked cycle',
      'large blocked build-failed',
      'odd blocked dockerfile-invalid',
      'fine plan',
    ],
  )
})

test('a malformed file ends it with its name and line, and so does who calls it off', async (t) => {
  const { library, judge } = desk(t)
  library({ tool: entry('tool', pinned, '1', 'amd64', '.') })
  await assert.rejects(judge('arm64', { signal: AbortSignal.abort() }))
  library({ other: 'nonsense\n' })
  await assert.rejects(
    judge('arm64'),
    (error) => isFailure(error, 'library-invalid') && error.message.startsWith('library/other line 1'),
  )
})

test('a summary counts each entry once, and those blocked by their first cause, the most frequent first', () => {
  const verdict = (verdict: EntryVerdict['verdict'], ...codes: string[]): EntryVerdict => ({
    image: 'x',
    tag: '1',
    listed: false,
    verdict,
    levels: 0,
    substitutes: verdict === 'plan' ? ['row'] : [],
    exactness: verdict === 'plan' ? 'pinned' : 'tip',
    blockers: codes.map((code) => ({ code, image: 'x', problem: '' })),
  })
  const platform: Platform = parsePlatform('arm/v7')
  const summary = summaryOf(platform, [
    verdict('published'),
    verdict('plan'),
    verdict('may-block', 'download'),
    verdict('blocked', 'b', 'a'),
    verdict('blocked', 'a', 'b'),
    verdict('blocked', 'a'),
  ])
  const { blockers, ...counts } = summary
  assert.deepEqual(Object.entries(blockers), [
    ['a', 2],
    ['b', 1],
  ])
  assert.deepEqual(counts, {
    platform,
    entries: 6,
    published: 1,
    missing: 5,
    planned: 1,
    mayBlock: 1,
    blocked: 3,
    withSubstitute: 1,
    exact: 1,
  })
})
