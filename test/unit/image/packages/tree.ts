// Folders of configuration packages for tests: written from a table, gone after the test.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { readCatalogue } from '../../../../src/image/packages/catalogue.ts'
import { resolveChain } from '../../../../src/image/packages/chain.ts'

/** Content by path; `null` makes a folder. A path that ends with `!` is executable. */
export type Files = Readonly<Record<string, string | Uint8Array | null>>

export function writeFiles(folder: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name.replace(/!$/, ''))
    mkdirSync(content === null ? path : dirname(path), { recursive: true })
    if (content !== null) writeFileSync(path, content)
    if (name.endsWith('!')) chmodSync(path, 0o755)
  }
}

/** A folder of its own with these files. */
export function makeTree(t: TestContext, files: Files = {}, name = 'skiff-test-'): string {
  const folder = mkdtempSync(join(tmpdir(), name))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFiles(folder, files)
  return folder
}

/** Packages of a folder with their layers, as SKIFF_CONFIG names them. */
export async function chainIn(builtIn: string, ...asked: string[]) {
  const catalogue = await readCatalogue({ env: {}, extra: [], builtIn })
  return resolveChain(catalogue, asked)
}
