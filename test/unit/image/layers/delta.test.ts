import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { menuDelta } from '../../../../src/image/layers/delta.ts'

describe('what was changed in a menu', () => {
  it('is kept, also when a symbol went back to its default', () => {
    const before = 'BR2_aarch64=y\nBR2_PACKAGE_GIT=y\n# BR2_PACKAGE_VIM is not set\nBR2_JLEVEL=4\n'
    const after = 'BR2_aarch64=y\nBR2_PACKAGE_RSYNC=y\n'
    const config = `${after}BR2_PACKAGE_VIM=y\nBR2_JLEVEL=0\n# BR2_PACKAGE_GIT is not set\n`
    assert.equal(
      menuDelta(before, after, config, ''),
      '# BR2_PACKAGE_GIT is not set\nBR2_PACKAGE_VIM=y\nBR2_JLEVEL=0\nBR2_PACKAGE_RSYNC=y\n',
    )
  })

  it('is nothing when nothing was, and paths of this machine are nothing', () => {
    assert.equal(menuDelta('BR2_A=y\nBR2_DL_DIR="/a"\n', 'BR2_A=y\nBR2_DL_DIR="/b"\n', '', ''), '')
  })

  it('adds to what earlier menus left', () => {
    assert.equal(
      menuDelta('', 'BR2_A=y\n', 'BR2_A=y\n', '# BR2_A is not set\nBR2_B=y\n'),
      'BR2_B=y\nBR2_A=y\n',
    )
  })
})
