import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseScript } from '../../../../../src/builder/refusals/shell/parse.ts'
import type { Command, Word } from '../../../../../src/builder/refusals/shell/syntax.ts'

/** A tree in one line, for reading. */
function show(command: Command): string {
  switch (command.kind) {
    case 'simple':
      return [
        ...command.assignments.map(({ name, value }) => `${name}=${word(value)}`),
        ...command.words.map(word),
        ...command.writes.map((file) => `>${word(file)}`),
        ...command.input.map(({ text }) => JSON.stringify(text)),
      ].join(' ')
    case 'list':
      return `{${command.items.map(show).join('; ')}}`
    case 'chain':
      return [
        show(command.first),
        ...command.rest.map(({ operator, command }) => `${operator} ${show(command)}`),
      ].join(' ')
    case 'not':
      return `!${show(command.body)}`
    case 'pipe':
      return command.commands.map(show).join(' | ')
    case 'subshell':
      return `(${show(command.body)})`
    case 'if':
      return `if ${show(command.test)} then ${show(command.body)} else ${show(command.otherwise)}`
    case 'case':
      return `case ${word(command.word)} ${command.arms.map(({ patterns, body }) => `${patterns.map(word).join('|')}) ${show(body)}`).join(' ;; ')}`
    case 'for':
      return `for ${command.name} in ${command.words.map(word).join(' ')} do ${show(command.body)}`
    case 'while':
      return `${command.until ? 'until' : 'while'} ${show(command.test)} do ${show(command.body)}`
    default:
      return `${command.name}() ${show(command.body)}`
  }
}
const word = ({ parts }: Word): string =>
  parts
    .map((part) => {
      if (part.kind === 'text') return part.text
      if (part.kind === 'command') return `$(${show(part.body)})`
      return part.kind === 'variable'
        ? `$${part.name}${part.operator}${part.word ? word(part.word) : ''}`
        : '?'
    })
    .join('')

describe('a script', () => {
  it('is read as the shell reads it', () => {
    for (const [script = '', tree = ''] of [
      ['a; b & c\nd', '{a; b; c; d}'],
      ['A=1 B="x y" c d', 'A=1 B=x y c d'],
      ['a && b || ! c | d', 'a && b || !c | d'],
      ['if a; then b; elif c; then d; else e; fi; f', '{if a then b else if c then d else e; f}'],
      ['case "$x" in (a|b*) c;; *) d; e ;; esac; f', '{case $x a|b*) c ;; *) {d; e}; f}'],
      ['case $x in a) b; esac', 'case $x a) b'],
      ['for i in 1 $x; do a; done && b', 'for i in 1 $x do a && b'],
      ['while read l; do a; done < x', 'while read l do a'],
      ['f() { a; }; function g { b; }; f', '{f() a; g() b; f}'],
      ['(cd a && b) || { c; d; }', '(cd a && b) || {c; d}'],
      ['x="$(a "b $(c)")" y=`d`', 'x=$(a b $(c)) y=$(d)'],
      [`echo \${a##*-} \${b:-"c d"} $((1+2)) 'e'"f"g`, 'echo $a##*- $b:-c d ? efg'],
      ['cat <<EOF >x\nd $e\nEOF\nf', '{cat >x "d $e"; f}'],
      ['a # b; c\nd', '{a; d}'],
      ['a >&2 2>/dev/null', 'a >/dev/null'],
      [`find . -exec sh -c ' a ' '{}' ';' -exec b \\;`, 'find . -exec sh -c  a  {} ; -exec b ;'],
    ])
      assert.equal(show(parseScript(script)), tree, script)
  })

  it('that is broken is read as far as it goes', () => {
    for (const script of [
      'if a; then',
      'case x in',
      '$(',
      '"',
      "'",
      '`',
      `\${`,
      ')',
      ';;',
      'fi',
      'for',
      'a |',
      '<<',
      '((',
      '}',
    ])
      assert.doesNotThrow(() => parseScript(script), script)
    assert.equal(show(parseScript(') a')), 'a')
  })
})
