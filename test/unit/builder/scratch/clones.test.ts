import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { cloneIn } from '../../../../src/builder/scratch/clones.ts'

/** A folder with git directories at these paths. */
function folderWith(t: TestContext, ...paths: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'crew-clones-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const path of paths) {
    mkdirSync(join(folder, path), { recursive: true })
    writeFileSync(join(folder, path, 'HEAD'), 'ref: refs/heads/main\n')
  }
  return folder
}

const REPOSITORY = 'https://example.org/owner/name.git'

test('a clone is found as people lay it, with a work tree or bare', (t) => {
  const places = [
    'owner/name/.git',
    'owner/name',
    'owner/name.git',
    'owner+name/repo',
    'owner+name',
    'example.org/owner/name/.git',
    'example.org/owner/name.git',
    'name/.git',
    'name.git',
  ]
  for (const place of places) {
    const folder = folderWith(t, place)
    assert.equal(cloneIn(folder, REPOSITORY), join(folder, place), place)
  }
})

test('the address may have a user, a port, no ending and a slash at its end', (t) => {
  const folder = folderWith(t, 'owner/name/.git')
  for (const url of [
    'git://example.org/owner/name',
    'https://me@example.org/owner/name/',
    'ssh://git@example.org:22/owner/name.git',
    'https://example.org/group/owner/name.git/',
  ])
    assert.equal(cloneIn(folder, url), join(folder, 'owner/name/.git'), url)
})

test('that of the same owner goes before one that has only the name', (t) => {
  const folder = folderWith(t, 'name/.git', 'owner/name/.git')
  assert.equal(cloneIn(folder, REPOSITORY), join(folder, 'owner/name/.git'))
})

test('nothing is found where nothing is, and nothing outside of the folder', (t) => {
  const folder = folderWith(t, 'in/other/.git', 'outside/.git')
  const inner = join(folder, 'in')
  for (const url of [
    REPOSITORY,
    'https://example.org/',
    'https://example.org',
    'https://example.org/../outside',
    'https://../outside',
    'https://example.org/a/../../outside',
    'outside',
    '',
    '../outside',
  ])
    assert.equal(cloneIn(inner, url), undefined, url)
})

test('a folder without a git directory is no clone', (t) => {
  const folder = folderWith(t)
  mkdirSync(join(folder, 'owner/name'), { recursive: true })
  assert.equal(cloneIn(folder, REPOSITORY), undefined)
})
