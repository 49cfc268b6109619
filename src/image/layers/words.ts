// Lists of words, as debian/ holds them: one word a line, `#` comments, `-word` takes out what an earlier layer put in.
import { failure } from '../../core/errors.ts'
import type { LayerText } from './merge.ts'

/** A word of a list and where it stands. */
export interface ListedWord {
  readonly word: string
  readonly layer: string
  readonly path: string
  readonly line: number
}

const WORD = /^-?[A-Za-z0-9_][A-Za-z0-9_+.,:*?[\]/@=~-]*$/

/**
 * Lists of all layers become one. Pure.
 * @returns each word once, where it was first put in
 * @throws package-invalid for a line that is no word
 */
export function mergeWords(files: readonly LayerText[]): ListedWord[] {
  const words = new Map<string, ListedWord>()
  for (const { layer, path, text } of files) {
    for (const [index, raw] of text.split('\n').entries()) {
      const word = raw.replace(/(^|\s)#.*$/, '').trim()
      if (word === '') continue
      if (!WORD.test(word))
        throw failure('package-invalid', {
          file: `${path}:${index + 1}`,
          problem: `${JSON.stringify(word.slice(0, 80))} is no word; a line has one, and -word takes it out`,
        })
      if (word.startsWith('-')) words.delete(word.slice(1))
      else if (!words.has(word)) words.set(word, { word, layer, path, line: index + 1 })
    }
  }
  return [...words.values()]
}
