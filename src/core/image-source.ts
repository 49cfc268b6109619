// Where a user says that an image is made: `<git-url>[#<ref>[:<directory>]]`, as `docker build` takes it.
import { failure } from './errors.ts'

export interface GitSource {
  readonly url: string
  /** A branch, a tag or a commit; undefined for the repository's default branch. */
  readonly ref: string | undefined
  /** Folder with the Dockerfile; `.` for the top. */
  readonly directory: string
}

const URL_FORM =
  /^(?:(?:https?|git|ssh):\/\/[A-Za-z0-9[][^\s\p{Cc}#]*|[A-Za-z0-9_][\w.+-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[^\s\p{Cc}#:][^\s\p{Cc}#]*)$/u
/** git-check-ref-format(1), the part of it that names have. */
const REF = /^(?![-./])(?!.*(\.\.|\/\/|@\{|\.lock$|\/\.|[/.]$))[^\s~^:?*[\\\p{Cc}]{1,200}$/u
const COMMIT = /^([0-9a-f]{40}|[0-9a-f]{64})$/

/** @throws value-invalid */
export function parseGitSource(text: string): GitSource {
  const bad = (rule: string) =>
    failure('value-invalid', { what: 'source', value: JSON.stringify(text.slice(0, 120)), rule })
  const hash = text.indexOf('#')
  const url = hash < 0 ? text : text.slice(0, hash)
  const fragment = hash < 0 ? '' : text.slice(hash + 1)
  const colon = fragment.indexOf(':')
  const ref = colon < 0 ? fragment : fragment.slice(0, colon)
  const directory = colon < 0 ? '' : fragment.slice(colon + 1)
  if (text.length > 1000 || !URL_FORM.test(url))
    throw bad('a source is the https, http, git or ssh address of a git repository, then #<ref>:<directory>')
  if (ref !== '' && !REF.test(ref)) throw bad('after the # comes a branch, a tag or a commit')
  const parts = directory.split('/').filter((part) => part !== '' && part !== '.')
  if (directory.startsWith('/') || parts.includes('..')) throw bad('the directory lies inside the repository')
  return { url, ref: ref === '' ? undefined : ref, directory: parts.join('/') || '.' }
}

/** Whether a ref is the id of a commit. */
export const isCommit = (ref: string): boolean => COMMIT.test(ref)
