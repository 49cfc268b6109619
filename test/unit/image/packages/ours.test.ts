import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { hasHandler } from '../../../../src/image/commands-of-packages.ts'
import { mergeLayers } from '../../../../src/image/layers/layers.ts'
import { readCatalogue } from '../../../../src/image/packages/catalogue.ts'
import { resolveChain } from '../../../../src/image/packages/chain.ts'
import { extensionOf } from '../../../../src/image/packages/extension.ts'

const builtIn = fileURLToPath(new URL('../../../../buildroot/configs', import.meta.url))
const catalogue = await readCatalogue({ env: {}, extra: [], builtIn })

/** What users know from the readme. */
const PROMISED = [
  'skiff/base',
  'skiff/core',
  'skiff/crew',
  'skiff/standard',
  'apps/docker',
  'generic/arm64',
].concat(['virt/qemu', 'odroid/xu4', 'odroid/u', 'odroid/c2', 'pi/3', 'pi/4', 'pi/5'])

it('the packages that are promised are there', () => {
  assert.deepEqual(
    PROMISED.filter((name) => !catalogue.names.includes(name)),
    [],
  )
  assert.deepEqual(catalogue.ignored, [])
})

describe('of our packages', () => {
  for (const name of catalogue.names) {
    it(`${name} says what it is, its layers can be joined, and no line of them is passed over`, async () => {
      const { packages } = await resolveChain(catalogue, [name], ['skiff/base'])
      assert.notEqual(packages.at(-1)?.description, '')
      assert.deepEqual((await mergeLayers(packages)).warnings, [])
    })

    it(`${name} has each command that it names`, async () => {
      const found = await catalogue.get(name)
      assert.ok(found)
      for (const command of found.commands) {
        const there = hasHandler(`${name}/${command.name}`) || (await extensionOf(found, command.name, []))
        assert.ok(there, `${name}/${command.name}`)
      }
    })
  }
})
