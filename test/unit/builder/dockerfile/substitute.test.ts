import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { substitute } from '../../../../src/builder/dockerfile/substitute.ts'

const values = new Map([
  ['x', 'value'],
  ['empty', ''],
  ['file', 'a.tar.gz'],
  ['path', 'one/two/three'],
])
const put = (text: string) => substitute(text, values)

describe('variables', () => {
  it('stand with and without braces', () => {
    assert.equal(put(`$x-\${x}-$none-\${none}-$`), 'value-value---$')
  })

  it('have another value where they have none, or where they have one', () => {
    assert.equal(put(`\${none-a}\${empty-b}\${x-c}`), 'avalue')
    assert.equal(put(`\${none:-a}\${empty:-b}\${x:-c}`), 'abvalue')
    assert.equal(put(`\${none+a}\${empty+b}\${x+c}`), 'bc')
    assert.equal(put(`\${none:+a}\${empty:+b}\${x:+c}`), 'c')
    assert.equal(put(`\${none:-\${empty:-$x}}`), 'value')
  })

  it('lose what matches a pattern', () => {
    assert.equal(put(`\${file#*.} \${file##*.} \${file%.*} \${file%%.*}`), 'tar.gz gz a.tar a')
    assert.equal(put(`\${path/\\//-} \${path//\\//-}`), 'one-two/three one-two-three')
  })

  it('are not put in where they are quoted or escaped', () => {
    assert.equal(put(`'$x' "$x" \\$x "\\$x" "a\\b"`), '$x value $x $x a\\b')
    assert.equal(substitute('`$x \\', values, '`'), '$x \\')
  })

  it('may be asked for', () => {
    assert.throws(() => put(`\${none:?is needed}`), new SyntaxError('none: is needed'))
    assert.equal(put(`\${x:?is needed}`), 'value')
  })

  it('that are written wrong are errors', () => {
    for (const text of [`\${x`, `\${}`, `\${x:*y}`, `\${x!}`, "'x", '"x'])
      assert.throws(() => put(text), SyntaxError, text)
  })

  it('do not grow without end', () => {
    let doubled = 'a'.repeat(1000)
    assert.throws(() => {
      for (let round = 0; round < 30; round++) doubled = substitute('$x$x', new Map([['x', doubled]]))
    }, /a value has more than/)
    assert.throws(() => put(`\${a:-`.repeat(100)), /nested too deep/)
  })
})
