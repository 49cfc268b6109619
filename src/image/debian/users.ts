// Accounts of the packages' users tables, in Buildroot's form (its manual, "Makeuser syntax tables"): a line is
// `name uid group gid password home shell groups comment`. Nobody gets a password: a board is entered with keys.
import { failure } from '../../core/errors.ts'
import { type Entry, fileEntry, folderEntry, type Tree } from '../../host/archive/entry.ts'

export interface Account {
  readonly name: string
  readonly uid: number
  readonly group: string
  readonly gid: number
  readonly home: string
  readonly shell: string
  /** Further groups that it is in. */
  readonly groups: readonly string[]
  readonly comment: string
}

const NAME = /^[a-z_][a-z0-9_-]{0,30}$/
const PATH = /^\/[A-Za-z0-9._/-]*$/
/** Ids above are nobody's, and those of systemd's dynamic users. */
const MOST = 60_000

/** @throws package-invalid with the line */
function accountOf(line: string): Account {
  const bad = (problem: string) =>
    failure('package-invalid', { file: 'users', problem: `${JSON.stringify(line)}: ${problem}` })
  const [name = '', uid, group = '', gid, password, home = '', shell = '', groups = '-', ...comment] = line
    .trim()
    .split(/\s+/)
  if (!NAME.test(name) || !NAME.test(group)) throw bad('no name of an account and of a group')
  const [user, main] = [Number(uid), Number(gid)]
  for (const id of [user, main])
    if (!Number.isInteger(id) || id < 1 || id >= MOST)
      throw bad('the ids of Debian images are written out, 1 to 59999')
  if (password !== '*') throw bad('its password must be *: none can be typed')
  if (!PATH.test(home) || !PATH.test(shell)) throw bad('home and shell are absolute paths')
  const further = groups === '-' ? [] : groups.split(',')
  if (!further.every((each) => NAME.test(each))) throw bad('its groups are names, or -')
  const text = comment.join(' ')
  if (/[:\n]/.test(text)) throw bad('a colon in the comment')
  return { name, uid: user, group, gid: main, home, shell, groups: further, comment: text }
}

/** Pure. @throws package-invalid */
export const readUsers = (table: string): Account[] =>
  table
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .map(accountOf)

/** Lines of a file of the tree, without an empty last one. */
function linesOf(tree: Tree, path: string): string[] {
  const entry = tree.get(path)
  if (entry?.kind !== 'file') throw failure('image-incomplete', { file: 'root_overlay', needs: path })
  return entry.content.toString('utf8').trimEnd().split('\n')
}

/**
 * A system with these accounts in etc/passwd, etc/group and etc/shadow, and their homes. Pure.
 * @throws package-invalid when a name or an id is taken, or a group is unknown
 */
export function withUsers(tree: Tree, accounts: readonly Account[]): Tree {
  if (accounts.length === 0) return tree
  const taken = (what: string) => failure('package-invalid', { file: 'users', problem: `${what} is taken` })
  const passwd = linesOf(tree, 'etc/passwd').map((line) => line.split(':'))
  const shadow = linesOf(tree, 'etc/shadow')
  const groups = linesOf(tree, 'etc/group').map((line) => line.split(':'))
  const groupOf = (name: string) => groups.find(([each]) => each === name)
  const whole = new Map<string, Entry>(tree)
  for (const { name, uid, group, gid, home, shell, comment } of accounts) {
    if (passwd.some(([each, , id]) => each === name || id === String(uid))) throw taken(`${name} or ${uid}`)
    const same = groupOf(group)
    if (same ? same[2] !== String(gid) : groups.some(([, , id]) => id === String(gid)))
      throw taken(`the group ${group} or ${gid}`)
    if (!same) groups.push([group, 'x', String(gid), ''])
    passwd.push([name, 'x', String(uid), String(gid), comment, home, shell])
    shadow.push(`${name}:*:20000:0:99999:7:::`)
    // what is below /run is made anew at every boot
    if (!home.startsWith('/run/')) whole.set(home.slice(1), { ...folderEntry(0o700), uid, gid })
  }
  for (const { name, groups: further } of accounts)
    for (const each of further) {
      const group = groupOf(each)
      if (!group)
        throw failure('package-invalid', { file: 'users', problem: `there is no group ${each} for ${name}` })
      group[3] = [...(group[3] ? [group[3]] : []), name].join(',')
    }
  const write = (path: string, lines: readonly string[]) =>
    whole.set(path, fileEntry(`${lines.join('\n')}\n`, tree.get(path)?.mode))
  write(
    'etc/passwd',
    passwd.map((fields) => fields.join(':')),
  )
  write(
    'etc/group',
    groups.map((fields) => fields.join(':')),
  )
  write('etc/shadow', shadow)
  return whole
}
