import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DockerfileParser } from 'dockerfile-ast'
import { readLines } from '../../../../src/builder/dockerfile/lines.ts'

const instructions = (text: string) =>
  readLines(text).instructions.map(
    ({ keyword, line, onbuild }) => `${onbuild ? 'ONBUILD ' : ''}${keyword}@${line}`,
  )
const logical = (text: string) => readLines(text).instructions.map(({ source }) => source.text)

describe('instructions', () => {
  it('are found where dockerfile-ast finds them, in what both understand', () => {
    for (const text of [
      'FROM a\nRUN <<EOF\nFROM b\nEOF\nFROM c\n',
      'FROM a\nRUN <<-EOF\n\tFROM b\n\tEOF\nFROM c\n',
      'FROM a\nRUN echo "<<EOF"\nFROM b\n',
      'FROM a\nRUN ["sh", "<<EOF"]\nFROM b\n',
      'FROM a\nENV x=<<EOF\nFROM b\n',
      'FROM a\nRUN <<A <<B\nFROM x\nA\nFROM y\nB\nFROM z',
      '\uFEFFFROM a\r\nRUN x \\\r\n# FROM b\r\n  y\r\nFROM c',
      '# escape=`\nFROM a\nRUN x `\n  y\nFROM c',
      'FROM a\nRUN x \\\n\n\nFROM b',
      'fr\\\nom a\nFROM b',
      'FROM a\nRUN cat <<EOF \\\n && x\nFROM b\nEOF\nFROM c',
      'FROM a\nRUN cat <<EOF\r\nFROM b\r\nEOF\r\nFROM c',
      'FROM \\\n # x\n \\\n a\nFROM b',
      'FROM a\nRUN x \\ \nFROM b',
      "FROM a\nRUN cat <<'EOF' > x\nFROM b\nEOF\nFROM c",
      'FROM a\nRUN cat <<<EOF\nFROM b',
    ]) {
      const theirs = DockerfileParser.parse(text)
        .getInstructions()
        .map((one) => `${one.getKeyword()}@${one.getRange().start.line + 1}`)
      assert.deepEqual(instructions(text), theirs, JSON.stringify(text))
    }
  })

  it('are none of the lines of a heredoc, however it is opened', () => {
    for (const opened of ['3<<EOF cat', 'cat << EOF', 'cat <<E"O"F', 'cat <<"EOF" | sh'])
      assert.deepEqual(instructions(`FROM a\nRUN ${opened}\nFROM b\nEOF\nFROM c`), [
        'FROM@1',
        'RUN@2',
        'FROM@5',
      ])
    assert.deepEqual(instructions('FROM a\nRUN <<"E F"\nFROM b\nE F\nFROM c'), ['FROM@1', 'RUN@2', 'FROM@5'])
  })

  it('do not go on behind a doubled escape', () => {
    assert.deepEqual(instructions('FROM a\nRUN x \\\\\nFROM b'), ['FROM@1', 'RUN@2', 'FROM@3'])
  })

  it('know no heredocs for the classic builder', () => {
    assert.equal(readLines('FROM a\nRUN <<EOF\nFROM b\n', false).instructions.length, 3)
  })

  it('leave comments and what continues a line out', () => {
    assert.deepEqual(logical('RUN a \\\n  # no\n\n  && b \\\n  c'), ['RUN a   && b   c'])
  })

  it('of a trigger are told from others', () => {
    assert.deepEqual(instructions('onbuild\tcopy a b'), ['ONBUILD COPY@1'])
  })
})

describe('places', () => {
  it('of characters are those of the file', () => {
    const file = '\uFEFF# x\r\n FROM \\\r\n  # y\r\n  debian\r\n'
    const [from] = readLines(file).instructions
    const at = from?.source.text.indexOf('debian') ?? -1
    assert.equal(from?.source.offsetOf(at), file.indexOf('debian'))
    assert.equal(from?.start, file.indexOf('FROM'))
    assert.equal(from?.end, file.indexOf('debian') + 6)
  })
})
