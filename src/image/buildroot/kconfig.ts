// What a tree of Config.* files declares: every symbol, whether it is a thing of the past, and of which choice.
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { failure } from '../../core/errors.ts'

export interface Declaration {
  /** Kept only to tell people what became of it. */
  readonly legacy: boolean
  /** The choices it is an answer of; of each just one answer is taken. */
  readonly choices: ReadonlySet<string>
  /** What it is called for people; of a legacy symbol, what became of it. */
  readonly prompt: string
}

export type Declarations = ReadonlyMap<string, Declaration>

/** Build results and what git keeps: no declarations there. */
const PASSED_OVER = new Set(['.git', 'output', 'dl'])
/** Files read at once. */
const AT_ONCE = 64

const SYMBOL = /^\s*(?:menu)?config\s+([A-Za-z0-9_]+)\s*$/
const PROMPT = /^\s*(?:bool|string|int|hex|tristate|prompt)\s+"((?:\\.|[^"\\])*)"/

interface Found extends Declaration {
  readonly symbol: string
}

/** Declarations of one file. @param file its path, by which its choices are told apart. Pure. */
export function declarationsIn(file: string, text: string): Found[] {
  const legacy = basename(file) === 'Config.in.legacy'
  const found: { symbol: string; legacy: boolean; choices: Set<string>; prompt: string }[] = []
  const open: string[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*choice\b\s*$/.test(line)) open.push(`${file}:${index + 1}`)
    else if (/^\s*endchoice\b/.test(line)) open.pop()
    const symbol = SYMBOL.exec(line)?.[1]
    if (symbol !== undefined) {
      const choice = open.at(-1)
      found.push({ symbol, legacy, choices: new Set(choice === undefined ? [] : [choice]), prompt: '' })
      continue
    }
    const prompt = PROMPT.exec(line)?.[1]
    const last = found.at(-1)
    if (prompt !== undefined && last?.prompt === '') last.prompt = prompt
  }
  return found
}

/** Files named Config.*, below a folder. */
async function configFiles(folder: string): Promise<string[]> {
  const files: string[] = []
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory() && !PASSED_OVER.has(entry.name))
      files.push(...(await configFiles(join(folder, entry.name))))
    else if (entry.isFile() && entry.name.startsWith('Config.')) files.push(join(folder, entry.name))
  }
  return files
}

/**
 * Reads every declaration below some folders: Buildroot's and those of its external trees.
 * @throws canceled
 */
export async function readDeclarations(
  folders: readonly string[],
  signal: AbortSignal,
): Promise<Declarations> {
  const files = (await Promise.all(folders.map(configFiles))).flat()
  const all = new Map<string, Declaration>()
  for (let at = 0; at < files.length; at += AT_ONCE) {
    if (signal.aborted) throw failure('canceled', { what: "reading Buildroot's symbols" })
    const texts = await Promise.all(
      files.slice(at, at + AT_ONCE).map(async (file) => ({ file, text: await readFile(file, 'utf8') })),
    )
    for (const { file, text } of texts)
      for (const { symbol, ...found } of declarationsIn(file, text)) {
        const known = all.get(symbol)
        // declared twice: it is as alive as the liveliest of them
        all.set(symbol, {
          legacy: found.legacy && (known?.legacy ?? true),
          choices: new Set([...found.choices, ...(known?.choices ?? [])]),
          prompt: known?.prompt || found.prompt,
        })
      }
  }
  return all
}
