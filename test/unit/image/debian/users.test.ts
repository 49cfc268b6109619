import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileEntry, type Tree } from '../../../../src/host/archive/entry.ts'
import { readUsers, withUsers } from '../../../../src/image/debian/users.ts'

const base: Tree = new Map([
  ['etc/passwd', fileEntry('root:x:0:0:root:/root:/bin/sh\n')],
  ['etc/group', fileEntry('root:x:0:\ndocker:x:105:\n')],
  ['etc/shadow', fileEntry('root:*:20000::::::\n', 0o640)],
])
const CREW = 'crew 800 crew 800 * /run/crew /usr/lib/skiff/crew-session docker Pushes and commands'

const textOf = (tree: Tree, path: string) => {
  const entry = tree.get(path)
  return entry?.kind === 'file' ? entry.content.toString() : ''
}

describe('a users table', () => {
  it('gives accounts without a password, their group, and a place in others', () => {
    const tree = withUsers(base, readUsers(`# who\n\n${CREW}\n`))
    assert.match(
      textOf(tree, 'etc/passwd'),
      /\ncrew:x:800:800:Pushes and commands:\/run\/crew:\/usr\/lib\/skiff\/crew-session\n$/,
    )
    assert.match(textOf(tree, 'etc/group'), /^docker:x:105:crew\ncrew:x:800:\n/m)
    assert.match(textOf(tree, 'etc/shadow'), /\ncrew:\*:/)
    assert.equal(tree.get('etc/shadow')?.mode, 0o640, 'who may read it stays')
    assert.ok(!tree.has('run/crew'), 'a home in RAM is made at the boot')
  })

  it('makes a home that is not below /run, of the account itself', () => {
    const tree = withUsers(base, readUsers('core 801 core 801 * /home/core /bin/sh -'))
    const { kind, uid, gid, mode } = tree.get('home/core') ?? {}
    assert.deepEqual([kind, uid, gid, mode], ['folder', 801, 801, 0o700])
  })

  const refused: [string, string, RegExp][] = [
    ['a password', 'crew 800 crew 800 secret /h /bin/sh -', /its password must be \*/],
    ['an id that Buildroot would choose', 'crew -1 crew -1 * /h /bin/sh -', /ids .* are written out/],
    ['a name with a colon', 'a:b 800 crew 800 * /h /bin/sh -', /no name of an account/],
    ['a home that is no path', 'crew 800 crew 800 * h:x /bin/sh -', /absolute paths/],
    ['an id that is taken', 'crew 0 crew 800 * /h /bin/sh -', /written out/],
    ['a name that is taken', 'root 800 crew 800 * /h /bin/sh -', /root or 800 is taken/],
    ['a group that is not there', 'crew 800 crew 800 * /h /bin/sh wheel', /no group wheel/],
    ['a group id that another group has', 'crew 800 crew 105 * /h /bin/sh -', /crew or 105 is taken/],
  ]
  for (const [what, line, message] of refused)
    it(`with ${what} is refused`, () => {
      assert.throws(() => withUsers(base, readUsers(line)), message)
    })
})
