import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isFailure } from '../../../../src/core/errors.ts'
import { describeLost, isFault, lostSymbols, parseConfig } from '../../../../src/image/buildroot/check.ts'
import { type Declarations, readDeclarations } from '../../../../src/image/buildroot/kconfig.ts'
import { CONFIG_IN, fragment, LEGACY, writeFiles } from './toy.ts'

let folder: string
let declarations: Declarations
const never = new AbortController().signal

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kconfig-'))
  await writeFiles(folder, {
    'Config.in': CONFIG_IN,
    'Config.in.legacy': LEGACY,
    'package/more/Config.in.host': 'config BR2_PACKAGE_HOST_MORE\n\tbool "more"\n',
    'output/Config.in': 'config BR2_OF_A_BUILD\n\tbool\n',
    'package/more/more.mk': 'config BR2_NOT_HERE\n',
  })
  declarations = await readDeclarations([folder], never)
})
after(() => rm(folder, { recursive: true }))

const lost = (asked: string, config: string) =>
  lostSymbols(fragment('buildroot', asked).effective, parseConfig(config), declarations).map(
    ({ asked: { symbol }, found, fate }) => `${symbol} ${found} ${fate}`,
  )

test('every Config.* of a tree is read, menus too; results of builds, texts of help and other files are not', () => {
  assert.deepEqual([...declarations.keys()].toSorted(), [
    'BR2_HAVE',
    'BR2_KERNEL_LATEST',
    'BR2_KERNEL_OWN',
    'BR2_PACKAGE_CANDLE',
    'BR2_PACKAGE_HOST_MORE',
    'BR2_PACKAGE_LAMP',
    'BR2_PACKAGE_NEEDED',
  ])
})

test('a symbol that is what was asked for is not lost', () => {
  assert.deepEqual(lost('BR2_HAVE=y\n', 'BR2_HAVE=y\n'), [])
  assert.deepEqual(lost('# BR2_HAVE is not set\n# BR2_GONE is not set\n', ''), [])
})

test('what is lost says why: never there, there once, or something else missing', () => {
  assert.deepEqual(lost('BR2_PACKAGE_FIRE=y\n', ''), ['BR2_PACKAGE_FIRE n unknown'])
  assert.deepEqual(lost('BR2_PACKAGE_CANDLE=y\n', ''), ['BR2_PACKAGE_CANDLE n legacy'])
  assert.deepEqual(lost('BR2_PACKAGE_LAMP=y\n', ''), ['BR2_PACKAGE_LAMP n unmet'])
})

test('what is on though it was asked off is told and is no fault', () => {
  const [found] = lostSymbols(
    fragment('buildroot', '# BR2_PACKAGE_NEEDED is not set\n').effective,
    parseConfig('BR2_PACKAGE_NEEDED=y\n'),
    declarations,
  )
  assert.ok(found && !isFault(found))
  assert.match(describeLost(found), /NEEDED is y and not n: something else needs it; asked by toy\/board/)
})

test('in a choice the last answer counts: the one before is overridden, not lost', () => {
  const asked = 'BR2_KERNEL_LATEST=y\nBR2_KERNEL_OWN=y\n'
  assert.deepEqual(lost(asked, 'BR2_KERNEL_OWN=y\n'), [])
  // and without a later answer that came through it is lost
  assert.deepEqual(lost('BR2_KERNEL_OWN=y\nBR2_KERNEL_LATEST=y\n', 'BR2_KERNEL_OWN=y\n'), [
    'BR2_KERNEL_LATEST n unmet',
  ])
})

test('a line says what became of an old symbol and where it was asked for', () => {
  const [found] = lostSymbols(
    fragment('buildroot', 'BR2_HAVE=y\nBR2_PACKAGE_CANDLE=y\n').effective,
    parseConfig('BR2_HAVE=y\n'),
    declarations,
  )
  assert.ok(found)
  assert.match(describeLost(found), /candle was removed, use lamp.*toy\/board: buildroot\/config:2/)
})

test('reading is called off', async () => {
  const stop = new AbortController()
  stop.abort()
  await assert.rejects(readDeclarations([folder], stop.signal), (error) => isFailure(error, 'canceled'))
})
