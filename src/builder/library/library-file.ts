// One file of the official-images library: which tags there are, for which architectures, and how each is made.
//
// The form is that of RFC 2822 (docker-library/official-images, README, "Instruction format"; bashbrew's
// `manifest` package reads it): paragraphs of `Key: value`, the first without Tags giving defaults to the rest,
// every key of how to build also with an architecture before it, as in `arm64v8-GitCommit`.
import { failure } from '../../core/errors.ts'

/** How an image is made: a folder of a commit of a repository. */
export interface Recipe {
  readonly repository: string
  /** Where the commit can be found, when the server hands out no commit by its id: refs/heads/main. */
  readonly fetch: string
  readonly commit: string
  /** Path of the build context; `.` for the whole tree. */
  readonly directory: string
  /** Path of the Dockerfile in it. */
  readonly file: string
  readonly builder: 'classic' | 'buildkit' | 'oci-import'
}

export interface LibraryEntry {
  /** Tags of this very entry. */
  readonly tags: readonly string[]
  /** Tags that entries of several operating systems or architectures share. */
  readonly sharedTags: readonly string[]
  /** As the library names them: amd64, arm32v7. */
  readonly architectures: readonly string[]
  /** @param architecture as the library names it */
  recipe(architecture: string): Recipe
  /** Line of its first key, counted from 1. */
  readonly line: number
}

const RECIPE_KEYS = ['GitRepo', 'GitFetch', 'GitCommit', 'Directory', 'File', 'Builder'] as const
type RecipeKey = (typeof RECIPE_KEYS)[number]

const DEFAULTS: Readonly<Record<string, string>> = {
  Architectures: 'amd64',
  GitFetch: 'refs/heads/master',
  Directory: '.',
  File: 'Dockerfile',
  Builder: '',
}
const KEYS = new Set<string>([
  'Maintainers',
  'Tags',
  'SharedTags',
  'Architectures',
  'Constraints',
  ...RECIPE_KEYS,
])
/** A field's name (RFC 2822, 2.2), as far as the library uses it. */
const FIELD = /^[A-Za-z][A-Za-z0-9-]*$/
const ARCHITECTURE = /^[a-z0-9-]+$/
const TAG = /^\w[\w.-]{0,127}$/
const COMMIT = /^([0-9a-f]{40}|[0-9a-f]{64})$/
/** Before 2017 an entry was one line. */
const ONE_LINE = /^(\w[\w.-]*):\s+(\S+?)@([^\s@]+)(?:\s+(\S+))?$/
const MAX_LINES = 100_000

type Fields = ReadonlyMap<string, string>
interface Paragraph {
  readonly line: number
  readonly fields: Fields
}

const list = (value: string | undefined) =>
  (value ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

/**
 * Reads a library file.
 * @param name of the file, for messages
 * @throws library-invalid naming the line
 */
export function parseLibraryFile(text: string, name: string): LibraryEntry[] {
  const invalid = (line: number, problem: string) => failure('library-invalid', { file: name, line, problem })
  const [first, ...rest] = paragraphs(text, invalid)
  if (first === undefined) return []
  const hasDefaults = !first.fields.has('Tags')
  const defaults: Fields = new Map([...Object.entries(DEFAULTS), ...(hasDefaults ? first.fields : [])])
  return (hasDefaults ? rest : [first, ...rest]).map((paragraph) => toEntry(paragraph, defaults, invalid))
}

type Invalid = (line: number, problem: string) => Error

function toEntry({ line, fields }: Paragraph, defaults: Fields, invalid: Invalid): LibraryEntry {
  const merged = new Map([...defaults, ...fields])
  const tags = list(merged.get('Tags'))
  const sharedTags = list(merged.get('SharedTags'))
  const architectures = list(merged.get('Architectures'))
  if (tags.length === 0) throw invalid(line, 'an entry has no Tags')
  for (const tag of [...tags, ...sharedTags])
    if (!TAG.test(tag)) throw invalid(line, `${JSON.stringify(tag.slice(0, 80))} is no tag`)
  for (const architecture of architectures)
    if (!ARCHITECTURE.test(architecture))
      throw invalid(line, `${JSON.stringify(architecture.slice(0, 80))} is no architecture`)
  const recipe = (architecture: string): Recipe => {
    const value = (key: RecipeKey) => merged.get(`${architecture}-${key}`) || (merged.get(key) ?? '')
    const builder = value('Builder')
    return {
      repository: value('GitRepo'),
      fetch: value('GitFetch'),
      commit: value('GitCommit'),
      directory: value('Directory'),
      file: value('File'),
      builder: builder === 'oci-import' || builder === 'buildkit' ? builder : 'classic',
    }
  }
  for (const architecture of architectures) checkRecipe(recipe(architecture), line, invalid)
  return { tags, sharedTags, architectures, recipe, line }
}

function checkRecipe({ repository, commit, directory, file }: Recipe, line: number, invalid: Invalid) {
  if (!/^[a-z+]+:\/\/[^\s'"\\]+$/i.test(repository))
    throw invalid(line, `GitRepo ${JSON.stringify(repository.slice(0, 120))} is no address of a repository`)
  if (!COMMIT.test(commit))
    throw invalid(line, `GitCommit ${JSON.stringify(commit.slice(0, 80))} is no commit`)
  for (const path of [directory, file])
    if (path.startsWith('/') || path.split('/').includes('..'))
      throw invalid(line, `${JSON.stringify(path.slice(0, 120))} leads out of the repository`)
}

function paragraphs(text: string, invalid: Invalid): Paragraph[] {
  const found: Paragraph[] = []
  let fields = new Map<string, string>()
  let start = 0
  let key: string | undefined
  const end = () => {
    if (fields.size > 0) found.push({ line: start, fields })
    fields = new Map()
    key = undefined
  }
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  if (lines.length > MAX_LINES) throw invalid(MAX_LINES, `more than ${MAX_LINES} lines`)
  for (const [index, raw] of lines.entries()) {
    const line = index + 1
    if (raw.startsWith('#')) continue
    if (/(?!\t)\p{Cc}/u.test(raw)) throw invalid(line, 'it has a control character')
    if (raw.trim() === '') {
      end()
    } else if (/^\s/.test(raw)) {
      if (key === undefined) throw invalid(line, 'a continued line continues nothing')
      fields.set(key, `${fields.get(key)} ${raw.trim()}`)
    } else {
      const old = ONE_LINE.exec(raw)
      if (old && !isKey(old[1] ?? '')) {
        end()
        found.push({ line, fields: oneLine(old) })
        continue
      }
      const colon = raw.indexOf(':')
      key = raw.slice(0, Math.max(0, colon)).trim()
      // a key that is not known here is passed over, as bashbrew does: a new one must not hide the rest of the file
      if (!FIELD.test(key)) throw invalid(line, `${JSON.stringify(raw.slice(0, 80))} is no "Key: value"`)
      if (fields.has(key)) throw invalid(line, `${key} is there twice`)
      if (fields.size === 0) start = line
      fields.set(key, raw.slice(colon + 1).trim())
    }
  }
  end()
  return found
}

const isKey = (key: string) =>
  KEYS.has(key) ||
  RECIPE_KEYS.some((known) => key.endsWith(`-${known}`) && ARCHITECTURE.test(key.slice(0, -known.length - 1)))

const oneLine = ([, tag = '', repository = '', commit = '', directory = '.']: RegExpExecArray): Fields =>
  new Map([
    ['Tags', tag],
    ['GitRepo', repository],
    ['GitCommit', commit],
    ['Directory', directory],
  ])
