import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readFragment, writeAssignment } from '../../../../src/image/layers/fragment.ts'

const values = (text: string) =>
  readFragment('kernel', text).assignments.map(({ symbol, value }) => `${symbol} ${value}`)
const stray = (kind: 'kernel' | 'buildroot', text: string) =>
  readFragment(kind, text).stray.map(({ line, why }) => `${line}: ${why}`)

describe('a fragment', () => {
  it('assigns letters, numbers and texts', () => {
    const text = 'CONFIG_A=y\nCONFIG_B=m\nCONFIG_C=n\nCONFIG_D=-12\nCONFIG_E=0xfF\nCONFIG_F="a \\" b # c"\n'
    assert.deepEqual(values(text), [
      'CONFIG_A y',
      'CONFIG_B m',
      'CONFIG_C n',
      'CONFIG_D -12',
      'CONFIG_E 0xfF',
      'CONFIG_F "a \\" b # c"',
    ])
  })

  it('takes "is not set" for n, and any other remark for a remark', () => {
    assert.deepEqual(values('# CONFIG_A is not set\n#CONFIG_B is not set\n# CONFIG_C=y\n## x\n'), [
      'CONFIG_A n',
    ])
  })

  it('passes over what follows a value, as kconfig does', () => {
    assert.deepEqual(values('CONFIG_A=y \nCONFIG_B=m # why\nCONFIG_C="x"  # why\n'), [
      'CONFIG_A y',
      'CONFIG_B m',
      'CONFIG_C "x"',
    ])
  })

  it('tells each line that kconfig would pass over, with its number', () => {
    const text =
      'CONFIG_A=y\nCONFIG_B\n CONFIG_C=y\nCONFIG_D=\nCONFIG_E=yes\nCONFIG_F="open\nexport X=1\nFOO=y\n'
    assert.deepEqual(stray('kernel', text), [
      '2: it assigns nothing',
      '3: it assigns nothing',
      '4: its value is neither y, m, n, a number nor "text"',
      '5: its value is neither y, m, n, a number nor "text"',
      '6: its value is neither y, m, n, a number nor "text"',
      '7: it assigns nothing',
      '8: a symbol of kernel/ starts with CONFIG_',
    ])
  })

  it('of Buildroot may have any symbol, since extensions bring their own', () => {
    assert.deepEqual(stray('buildroot', 'BR2_aarch64=y\nMY_OPTION=y\n'), [])
  })
})

it('an assignment is written as kconfig reads it', () => {
  assert.equal(writeAssignment({ symbol: 'CONFIG_A', value: 'm' }), 'CONFIG_A=m')
  assert.equal(writeAssignment({ symbol: 'CONFIG_A', value: 'n' }), '# CONFIG_A is not set')
})
