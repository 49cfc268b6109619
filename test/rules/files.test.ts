// What every file of the repository keeps to.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { filesIn } from './files.ts'

const MOST_LINES = 300

/** Put together here, so that this file does not name them either. */
const REGISTRIES = [
  ['registry', 'npmjs', 'org'],
  ['deb', 'debian', 'org'],
  ['ftp', 'debian', 'org'],
].map((labels) => labels.join('.'))

const isProgram = (path: string) => /\.(ts|sh)$/.test(path) || /^(bin|scripts|\.ci)\//.test(path)
const programs = filesIn('src', 'test', 'scripts', 'bench', 'bin', '.ci').filter(({ path }) =>
  isProgram(path),
)
/** Tests of one file have its name and speak in sentences. */
const isUnitTest = (path: string) => path.startsWith('test/unit/')

describe('every program file', () => {
  it(`has at most ${MOST_LINES} lines, more being usually two ideas; a test may tell more stories`, () => {
    const long = programs.filter(
      ({ path, text }) => !path.endsWith('.test.ts') && text.split('\n').length - 1 > MOST_LINES,
    )
    assert.deepEqual(
      long.map(({ path }) => path),
      [],
    )
  })

  it('says first what it is for', () => {
    const silent = programs.filter(
      ({ path, text }) => !isUnitTest(path) && !/^(#!.*\n)?(\/\/|#|\/\*\*?) ?\S/.test(text),
    )
    assert.deepEqual(
      silent.map(({ path }) => path),
      [],
    )
  })

  it('ends with a line feed and has no other kind of line ending', () => {
    const odd = programs.filter(({ text }) => !text.endsWith('\n') || text.includes('\r\n'))
    assert.deepEqual(
      odd.map(({ path }) => path),
      [],
    )
  })
})

it('no file names a package registry: apt and npm know their own', () => {
  const naming = filesIn().filter(({ text }) => REGISTRIES.some((host) => text.includes(host)))
  assert.deepEqual(
    naming.map(({ path }) => path),
    [],
  )
})
