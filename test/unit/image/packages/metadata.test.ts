import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  parseCommands,
  parseDependencies,
  parseDescription,
} from '../../../../src/image/packages/metadata.ts'

describe('metadata', () => {
  it('describes a package in the first line that says something', () => {
    assert.equal(parseDescription('\n# why\n  A board. \nmore\n'), 'A board.')
    assert.equal(parseDescription(''), '')
  })

  it('lists dependencies with commas, blanks or lines between them', () => {
    assert.deepEqual(parseDependencies('a/b,c/d  e/f\n# no\ng/h\n', 'f'), ['a/b', 'c/d', 'e/f', 'g/h'])
  })

  it('names the line of a dependency that is no name', () => {
    assert.throws(() => parseDependencies('a/b\n$(id)\n', 'x/dependencies'), /x\/dependencies:2: "\$\(id\)"/)
  })

  it('has a command a line: its name, then what it does', () => {
    assert.deepEqual(parseCommands('format  Formats a card.\nrun\n', 'f'), [
      { name: 'format', text: 'Formats a card.' },
      { name: 'run', text: '' },
    ])
    assert.throws(() => parseCommands('ok fine\n../x y\n', 'x/commands'), /x\/commands:2/)
  })
})
