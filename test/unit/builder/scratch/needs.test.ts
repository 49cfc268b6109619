import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDockerfile } from '../../../../src/builder/dockerfile/read.ts'
import { needsOf } from '../../../../src/builder/scratch/needs.ts'

const needs = (text: string) =>
  needsOf(parseDockerfile(text, { path: 'Dockerfile', buildArgs: {}, platform: 'linux/arm64' }))

test('an image that is started from is told from one that is copied from, and one that is both', () => {
  const found = needs(
    'FROM base:1\nCOPY --from=tool:1 /t /t\nFROM both:1\nCOPY --from=0 /t /t\nCOPY --from=both:1 /b /b\n',
  )
  assert.deepEqual(
    found.map(({ reference, copied }) => [reference, copied]),
    [
      ['base:1', false],
      ['tool:1', true],
      ['both:1', true],
    ],
  )
})

test('what concerns an image are the steps of the stages on it, however far, and what is copied', () => {
  const found = needs(
    [
      'FROM jdk:21 AS a',
      'RUN javac',
      'FROM alpine:3 AS other',
      'RUN apk add maven',
      'FROM a',
      'RUN <<EOF',
      'java -version',
      'EOF',
      'COPY --from=other /jar /jar',
      '',
    ].join('\n'),
  )
  const text = found.find(({ reference }) => reference === 'jdk:21')?.text ?? ''
  assert.match(text, /javac/)
  assert.match(text, /java -version/)
  assert.match(text, /--from=other/)
  assert.doesNotMatch(text, /apk add/)
})

test('a stage that the target does without says nothing', () => {
  const [need] = needs('FROM jdk:21 AS a\nFROM a AS unused\nRUN apk add git\nFROM a\nRUN java\n')
  assert.doesNotMatch(need?.text ?? '', /apk/)
})
