import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { commandsMarkdown } from '../../../src/commands/markdown.ts'
import { commands } from '../../../src/commands/table.ts'

test('docs/commands.md is what the table of commands says', () => {
  const file = new URL('../../../docs/commands.md', import.meta.url)
  assert.equal(readFileSync(file, 'utf8'), commandsMarkdown(), 'write it again: node scripts/docs.ts')
})

test('docs/commands.md has a section for every command', () => {
  const text = commandsMarkdown()
  for (const { name } of commands) assert.ok(text.includes(`\n### ${name}\n`), name)
})
