// The pages of docs/ that come from tables say what the tables say.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { it } from 'node:test'
import { pages } from '../../scripts/pages.ts'

for (const [file, text] of Object.entries(pages())) {
  it(`${file} is what make docs writes`, () => {
    assert.equal(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'), text)
  })
}
