// Every board's configuration against a real Buildroot tree: nothing of it is lost, sources and packages resolve, and
// Buildroot's own checker has nothing to say. SKIFF_BUILDROOT names the tree; without one these tests are left out.
import assert from 'node:assert/strict'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { silent } from '../../src/core/report.ts'
import { run } from '../../src/host/process/run.ts'
import { checkChain } from '../../src/image/buildroot/br-check.ts'
import { type Catalogue, readCatalogue } from '../../src/image/packages/catalogue.ts'
import { resolveChain } from '../../src/image/packages/chain.ts'
import { filesIn } from '../rules/files.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const ours = join(root, 'buildroot')
const { SKIFF_BUILDROOT: tree = '' } = process.env
const skip = tree === '' ? 'SKIFF_BUILDROOT names no Buildroot tree' : false
/** A chain takes 15 to 50 s, most of it make reading its files. */
const LIMIT = 110_000

/** Each board, and what of a whole chain it cannot have. */
const BOARDS: Readonly<Record<string, { architecture: string; lost?: readonly string[] }>> = {
  'virt/qemu': { architecture: 'arm64' },
  'virt/qemu_arm': { architecture: 'armhf' },
  'virt/qemu_amd64': { architecture: 'amd64' },
  // Buildroot has no Node for this processor
  'virt/qemu_riscv64': { architecture: 'riscv64', lost: ['BR2_PACKAGE_NODEJS'] },
  'odroid/xu4': { architecture: 'armhf' },
  'odroid/u': { architecture: 'armhf' },
  'odroid/c2': { architecture: 'arm64' },
  'pi/3': { architecture: 'arm64' },
  'pi/4': { architecture: 'arm64' },
  'pi/5': { architecture: 'arm64' },
  'generic/arm64': { architecture: 'arm64' },
}

describe('against a Buildroot tree', { skip }, () => {
  let catalogue: Catalogue
  before(async () => {
    catalogue = await readCatalogue({ env: {}, extra: [], builtIn: join(ours, 'configs') })
  })

  for (const [board, { architecture, lost = [] }] of Object.entries(BOARDS))
    it(`${board} with skiff/core and skiff/crew gets all that it asks for`, async () => {
      const asked = [board, 'skiff/core', 'skiff/crew']
      const { packages } = await resolveChain(catalogue, asked, ['skiff/base'])
      const env = { PATH: process.env.PATH, HOME: process.env.HOME, SKIFF_BUILDROOT: tree }
      const checked = await checkChain(
        { packages, asked },
        {
          env,
          ours,
          report: silent,
          signal: AbortSignal.timeout(LIMIT),
        },
      )
      assert.deepEqual(
        checked.lost.map(({ symbol }) => symbol),
        lost,
      )
      assert.equal(checked.architecture, architecture)
      assert.ok(checked.packages > 90 && checked.sources > 60, JSON.stringify(checked))
    })

  it('our tree passes check-package', async (context) => {
    const checker = join(tree, 'utils/check-package')
    await access(checker)
    const files = filesIn('buildroot')
      .map(({ path }) => path)
      .filter((path) => !path.includes('/root_overlay/'))
      .filter((path) => /\/Config\.in$|\.mk$|\.hash$|\/external\.desc$|\/hooks\/[^/]+\.sh$/.test(path))
    assert.ok(files.length >= 10)
    const result = await run('/usr/bin/python3', [checker, '-b', ...files], {
      env: { PATH: '/usr/bin:/bin' },
      cwd: root,
    })
    if (/ModuleNotFoundError/.test(result.stderr))
      return context.skip('python3-magic and python3-flake8 are not installed')
    assert.equal(result.status, 0, result.stdout + result.stderr)
  })
})
