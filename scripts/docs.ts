// Writes the pages of docs/ that come from tables in src. test/rules/docs.test.ts fails when a page differs.
import { writeFileSync } from 'node:fs'
import { pages } from './pages.ts'

for (const [file, text] of Object.entries(pages()))
  writeFileSync(new URL(`../${file}`, import.meta.url), text)
