// Tables against what is made from them or speaks of them.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { version } from '../../src/core/version.ts'
import { failpoints } from '../../src/host/process/failpoint.ts'
import { filesIn } from './files.ts'

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')

it('the version in the program is the one of package.json', () => {
  assert.equal(version, JSON.parse(read('package.json')).version)
})

describe('a failpoint', () => {
  const calls = filesIn('src').flatMap(({ path, text }) =>
    [...text.matchAll(/\bfailpoint\('([^']+)'\)/g)].map(([, name = '']) => ({ name, path })),
  )
  for (const name of failpoints) {
    it(`${name} is passed at one place of src`, () => {
      assert.equal(calls.filter((call) => call.name === name).length, 1)
    })
  }
})
