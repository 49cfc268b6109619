import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isFailure } from '../../../../src/core/errors.ts'
import type { Catalogue } from '../../../../src/image/packages/catalogue.ts'
import { parseChain, resolveChain } from '../../../../src/image/packages/chain.ts'

/** Packages that are nothing but their dependencies. */
const catalogue = (dependencies: Record<string, string[]>): Catalogue => ({
  names: Object.keys(dependencies),
  ignored: [],
  get: async (name) =>
    Object.hasOwn(dependencies, name)
      ? {
          name,
          path: `/${name}`,
          description: '',
          dependencies: dependencies[name] ?? [],
          commands: [],
          unlisted: false,
        }
      : undefined,
})

const order = async (dependencies: Record<string, string[]>, asked: string[], first: string[] = []) => {
  const { packages } = await resolveChain(catalogue(dependencies), asked, first)
  return packages.map(({ name }) => name).join(' ')
}

describe('SKIFF_CONFIG', () => {
  it('is a list with commas or blanks, in which a repeated name counts once', () => {
    assert.deepEqual(parseChain(' odroid/xu4, skiff/core  odroid/xu4,,'), ['odroid/xu4', 'skiff/core'])
    assert.deepEqual(parseChain(''), [])
  })

  it('holds names of packages and nothing else', () => {
    for (const text of ['odroid', 'a/b/c', '../x', 'a/..', '/etc/passwd', 'a/b;c', '-a/b'])
      assert.throws(() => parseChain(text), /invalid package/)
  })
})

describe('the chain', () => {
  it('keeps the order of the user', async () => {
    assert.equal(await order({ 'a/c': [], 'a/b': [], 'a/a': [] }, ['a/c', 'a/a', 'a/b']), 'a/c a/a a/b')
  })

  it('has what a package depends on right before it, in the order in which it names them', async () => {
    const tree = {
      'pi/4': ['x/img', 'pi/common'],
      'x/img': [],
      'pi/common': ['x/base'],
      'x/base': [],
      'z/z': [],
    }
    assert.equal(await order(tree, ['z/z', 'pi/4']), 'z/z x/img x/base pi/common pi/4')
  })

  it('moves a package that was named too late before the one that needs it; the ancestor did not', async () => {
    const tree = { 'x/top': ['x/board', 'x/base'], 'x/board': ['x/base'], 'x/base': [] }
    assert.equal(await order(tree, ['x/top']), 'x/base x/board x/top')
    assert.equal(await order(tree, ['x/board', 'x/base']), 'x/base x/board')
  })

  it('has some packages first, named or not, when there are such', async () => {
    const tree = { 'skiff/base': ['x/a'], 'x/a': [], 'x/b': [] }
    assert.equal(await order(tree, ['x/b', 'x/a'], ['skiff/base']), 'x/a skiff/base x/b')
    assert.equal(await order({ 'x/b': [] }, ['x/b'], ['skiff/base']), 'x/b')
  })

  it('shows a circle as a circle', async () => {
    const tree = { 'x/start': ['x/a'], 'x/a': ['x/b'], 'x/b': ['x/c'], 'x/c': ['x/a'] }
    await assert.rejects(
      order(tree, ['x/start']),
      (error) => isFailure(error, 'package-cycle') && error.message.endsWith(': x/a -> x/b -> x/c -> x/a'),
    )
    await assert.rejects(order({ 'x/a': ['x/a'] }, ['x/a']), /: x\/a -> x\/a$/)
  })

  it('names an unknown package, who wants it, and what may have been meant', async () => {
    const tree = { 'odroid/xu4': ['odroid/comon'], 'odroid/common': [] }
    await assert.rejects(order(tree, ['odroid/xu']), (error) => {
      assert.ok(isFailure(error, 'package-unknown'))
      return /did you mean odroid\/xu4\?/.test(error.hint)
    })
    await assert.rejects(order(tree, ['odroid/xu4']), (error) => {
      assert.ok(isFailure(error, 'package-unknown'))
      assert.match(error.message, /odroid\/comon, which odroid\/xu4 depends on/)
      return /did you mean odroid\/common\?/.test(error.hint)
    })
  })
})
