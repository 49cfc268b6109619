import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { isFailure } from '../../../../src/core/errors.ts'
import { readCatalogue, splitPaths } from '../../../../src/image/packages/catalogue.ts'
import { nameFromVariable, variableOf } from '../../../../src/image/packages/package.ts'
import { makeTree } from './tree.ts'

const described = (text: string) => ({ 'metadata/description': text })
const at = (name: string, files: Record<string, string>) =>
  Object.fromEntries(Object.entries(files).map(([path, content]) => [`${name}/${path}`, content]))

const catalogueOf = (t: TestContext, options: { env?: NodeJS.ProcessEnv; extra?: string[] } = {}) => {
  const builtIn = makeTree(t, {
    ...at('odroid/xu4', described('built in')),
    'pi/4/metadata/description': 'Pi',
  })
  return readCatalogue({ env: options.env ?? {}, extra: options.extra ?? [], builtIn })
}

describe('a configuration package', () => {
  it('is a real folder two below; files, deeper folders and links to folders are none', async (t) => {
    const builtIn = makeTree(t, { 'a/b/c/d': 'x', 'a/file': 'x', 'e/f': null })
    symlinkSync(join(builtIn, 'a/b'), join(builtIn, 'a/linked'))
    symlinkSync(join(builtIn, 'a'), join(builtIn, 'z'))
    const { names } = await readCatalogue({ env: {}, extra: [], builtIn })
    assert.deepEqual(names, ['a/b', 'e/f'])
  })

  it('may have a dash in its name, and one with another letter is passed over and told', async (t) => {
    const builtIn = makeTree(t, { 'my-board/rev-2': null, 'bad name/x': null, '.git/hooks': null })
    const { names, ignored } = await readCatalogue({ env: {}, extra: [], builtIn })
    assert.deepEqual(names, ['my-board/rev-2'])
    assert.deepEqual(ignored, [join(builtIn, 'bad name/x')])
  })

  it('is had from its variable before the extra paths, from an earlier one before a later one', async (t) => {
    const first = makeTree(t, at('odroid/xu4', described('first')))
    const second = makeTree(t, { ...at('odroid/xu4', described('second')), ...at('x/y', described('y')) })
    const own = makeTree(t, described('own'))
    const names = async (options: { env?: NodeJS.ProcessEnv; extra?: string[] }) =>
      (await (await catalogueOf(t, options)).get('odroid/xu4'))?.description
    assert.equal(await names({}), 'built in')
    assert.equal(await names({ extra: [second] }), 'second')
    assert.equal(await names({ extra: [first, second] }), 'first')
    assert.equal(await names({ extra: [first], env: { SKIFF_CONFIG_PATH_ODROID_XU4: own } }), 'own')
    assert.equal(await names({ extra: [first], env: { SKIFF_CONFIG_PATH_ODROID_XU4: '' } }), 'first')
  })

  it('replaces another of its name whole: nothing of that one is merged in', async (t) => {
    const extra = makeTree(t, { 'pi/4/kernel/usb': 'CONFIG_USB=y\n' })
    const pi = await (await catalogueOf(t, { extra: [extra] })).get('pi/4')
    assert.deepEqual([pi?.description, pi?.path], ['', join(extra, 'pi/4')])
  })

  it('can be added by a variable alone, also under a name that is known only when it is asked for', async (t) => {
    const own = makeTree(t, described('mine'))
    const catalogue = await catalogueOf(t, { env: { SKIFF_CONFIG_PATH_MY_OWN_BOARD: own } })
    assert.ok(catalogue.names.includes('my/own_board'))
    assert.equal((await catalogue.get('my-own/board'))?.description, 'mine')
    assert.equal(await catalogue.get('my/other'), undefined)
  })

  it('may be in a folder with blanks in its path', async (t) => {
    const extra = join(makeTree(t), 'with a blank')
    mkdirSync(join(extra, 'a/b'), { recursive: true })
    assert.equal((await (await catalogueOf(t, { extra: [extra] })).get('a/b'))?.path, join(extra, 'a/b'))
  })
})

describe('what cannot be meant is refused', () => {
  it('an extra path that is not there', async (t) => {
    await assert.rejects(
      catalogueOf(t, { extra: ['/not/there'] }),
      /SKIFF_EXTRA_CONFIGS_PATH: \/not\/there is no/,
    )
  })

  it('a variable that names a file', async (t) => {
    const file = join(makeTree(t, { x: '' }), 'x')
    const catalogue = await catalogueOf(t, { env: { SKIFF_CONFIG_PATH_PI_4: file } })
    await assert.rejects(catalogue.get('pi/4'), /SKIFF_CONFIG_PATH_PI_4: .* is no folder/)
  })

  it('a variable that stands for two packages at once', async (t) => {
    const extra = makeTree(t, { 'a_b/c': null, 'a/b_c': null })
    await assert.rejects(
      catalogueOf(t, { extra: [extra], env: { SKIFF_CONFIG_PATH_A_B_C: extra } }),
      (error) =>
        isFailure(error, 'package-path') && /a\/b_c and a_b\/c|a_b\/c and a\/b_c/.test(error.message),
    )
  })
})

it('the variable of a package is its name in capitals, and is read back where it can be', () => {
  assert.equal(variableOf('odroid/xu4'), 'SKIFF_CONFIG_PATH_ODROID_XU4')
  assert.equal(nameFromVariable('SKIFF_CONFIG_PATH_ODROID_XU4'), 'odroid/xu4')
  assert.equal(nameFromVariable('SKIFF_CONFIG_PATH_ODROID'), undefined)
})

it('a list of paths is read in order, each once, relative ones from here', () => {
  assert.deepEqual(splitPaths('/a: b::/a', '/w'), ['/a', '/w/b'])
})
